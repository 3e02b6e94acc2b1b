// Test projects: architecture (seconds), unit (no GPU), gpu (Dawn in Node, wgpu in Deno), browser (puppeteer).
import { defineConfig } from 'vitest/config';
import { wasmKernels } from './bin/wasm-kernels.js';

/** Tests that need a GPU are those of kernels, runtime and engines, and any other file named *.gpu.test.ts. */
const gpuTests = ['test/{kernels,runtime,engines}/**/*.test.ts', 'test/**/*.gpu.test.ts'];

const setupDevices = ['./test/setup-devices.ts'];

export default defineConfig({
  plugins: [wasmKernels()],
  test: {
    pool: 'forks', // Dawn is native: a crash ends one file's process, and each file has a device of its own
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'architecture',
          include: ['test/architecture.test.ts', 'test/architecture/**/*.test.ts'],
          testTimeout: 60_000, // milliseconds: they read every file, on a machine that may be busy
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/{plan,data,theory,laws,text,model,lab,ui,worker,cli,bin}/**/*.test.ts'],
          exclude: gpuTests,
          testTimeout: 60_000, // milliseconds: the command line trains in a process of its own
        },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: gpuTests,
          exclude: ['test/e2e/**'],
          globalSetup: setupDevices,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: [...setupDevices, './test/setup-page.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 1, // each file drives a browser with a software GPU, which wants both cores
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
