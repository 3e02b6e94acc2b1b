// Vitest setup of the GPU projects, run before each test file: files of one process share modules, and with them the device.
import { afterEach } from 'vitest';
import { refuseErrors } from './gpu-device.ts';

afterEach(refuseErrors);
