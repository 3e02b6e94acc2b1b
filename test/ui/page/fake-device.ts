// The device of the fake lab, and what calibration found of it.
import type { CalibrationReport, DeviceInfo } from '../../../src/contract/device.ts';

/** A graphics card that is not there. */
export const fakeGpu: DeviceInfo = {
  runtime: 'gpu',
  vendor: 'example',
  architecture: 'gen-9',
  description: 'Example GPU 9000',
  isSoftware: false,
  features: ['subgroups', 'timestamp-query', 'shader-f16'],
  limits: [
    { name: 'maxBufferSize', value: 4_294_967_296 },
    { name: 'maxStorageBufferBindingSize', value: 2_147_483_644 },
    { name: 'maxComputeInvocationsPerWorkgroup', value: 1024 },
  ],
};

const measured = (value: number, spread = 0.02) => ({ value, spread, repeats: 7 });

/** Its figures. */
export const fakeCalibration: CalibrationReport = {
  fmaFlopsPerSecond: measured(3.6e12),
  slowing: measured(1.03),
  copyBytesPerSecond: [
    { bytes: 1 << 20, rate: measured(4.1e10, 0.08) },
    { bytes: 1 << 26, rate: measured(1.02e11) },
  ],
  launchSeconds: measured(6.4e-6, 0.05),
  kernels: ['matmul', 'attention', 'norm'].map((kernel) => ({
    kernel,
    points: [64, 256, 1024].map((size) => ({
      limitSeconds: 1e-9 * size * size,
      seconds: measured(1.3e-9 * size * size),
      shape: `${size}×${size}`,
    })),
  })),
  choices: [
    { builtIn: 'matmul.nn/tiled-64x64-4x4', taken: 'matmul.nn/tiled-64x64-8x8', dispatches: 24, gain: 1.31 },
  ],
  presets: [
    { title: 'Nano', gain: 1.02 },
    { title: 'nanoGPT, GPU configuration', gain: 1.18 },
  ],
  seconds: 3.2,
  timer: 'timestamp-query, quantum 100 µs',
};
