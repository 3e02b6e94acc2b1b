// Test projects: architecture and unit (quick), training (minutes, no GPU), gpu (Dawn in Node, wgpu in Deno), browser (puppeteer).
import { defineConfig } from 'vitest/config';
import { wasmKernels } from './bin/wasm-kernels.js';
import { processorDriver } from './test/processor-driver.ts';

/** Tests that need a GPU are those of kernels, runtime and engines, and any other file named *.gpu.test.ts. */
const gpuTests = ['test/{kernels,runtime,engines}/**/*.test.ts', 'test/**/*.gpu.test.ts'];

/** Tests that train on the processor, or run the command line or the worker, which do; and others that take seconds. */
const trainingTests = [
  'test/laws/{fit-law,huber-fit}.test.ts',
  'test/model/{block,identities}.test.ts',
  'test/{cli,worker}/**/*.test.ts',
  'test/lab/{training,lessons,inside,evaluation,studies}/**/*.test.ts',
];

/**
 * Milliseconds for one thing to happen. A net for what never comes, no claim about speed: nothing takes a tenth of it on a
 * quiet machine, and a test that waits for a condition may wait this long on a busy one.
 */
const patience = 240_000;

const setupDevices = ['./test/setup-devices.ts'];

/** A device a process: to begin one for each of a hundred files costs more than what many of them test. */
const onGpu = { isolate: false, globalSetup: setupDevices, setupFiles: ['./test/setup-gpu.ts'] };

/** What needs subgroups of more lanes than four, which is the driver's to give when it begins. */
const eightLanes = ['test/kernels/eight-lanes.test.ts'];
const sixteenLanes = ['test/kernels/sixteen-lanes.test.ts'];

export default defineConfig({
  plugins: [wasmKernels()],
  test: {
    pool: 'forks', // Dawn is native: a crash ends a process, not the run
    maxWorkers: 2,
    setupFiles: ['./test/setup-cleanup.ts'],
    testTimeout: 2 * patience,
    hookTimeout: patience,
    expect: { poll: { timeout: patience, interval: 50 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'architecture',
          include: ['test/architecture.test.ts', 'test/architecture/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/{plan,data,theory,laws,text,classroom,offline,model,lab,ui,bin,wasm}/**/*.test.ts'],
          exclude: [...gpuTests, ...trainingTests],
          isolate: false, // a process for each of some two hundred files costs more than what they test
        },
      },
      {
        extends: true,
        test: { name: 'training', include: trainingTests, exclude: gpuTests, isolate: false },
      },
      {
        extends: true,
        test: {
          ...onGpu,
          name: 'gpu',
          env: processorDriver(4),
          include: gpuTests,
          exclude: ['test/e2e/**', ...eightLanes, ...sixteenLanes],
        },
      },
      {
        extends: true,
        test: { ...onGpu, name: 'gpu with eight lanes', env: processorDriver(8), include: eightLanes },
      },
      {
        extends: true,
        test: { ...onGpu, name: 'gpu with sixteen lanes', env: processorDriver(16), include: sixteenLanes },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: [...setupDevices, './test/setup-page.ts'],
          isolate: false, // files share a browser
        },
      },
    ],
  },
});
