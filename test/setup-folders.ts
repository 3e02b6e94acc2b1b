// Vitest setup, run before each test file: files of one process share modules, so that what each must put away is asked here.
import { afterAll } from 'vitest';
import { removeFolders } from './folders.ts';

afterAll(removeFolders);
