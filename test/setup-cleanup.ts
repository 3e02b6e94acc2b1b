// Vitest setup, run before each test file: files of one process share modules and globals, so that what each must put away is asked here.
import { afterAll, afterEach, vi } from 'vitest';
import { removeFolders } from './folders.ts';

// After each test, also one that failed: else its spies, clock and environment would bring those of other files down.
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
afterAll(removeFolders);
