// Copy: the bandwidth probe of calibration; at its smallest size, the launch probe.
import source from '../../shaders/copy.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import { prologue } from './prologue.ts';

/** y = x. x, y: [vectors, 4]. */
export const copyForward = defineKernel({
  name: 'copy',
  role: 'movement',
  source: prologue + source,
  entryPoint: 'forward',
  dims: ['vectors'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ vectors }) => ({ x: { shape: [vectors, 4] }, y: { shape: [vectors, 4] } }),
  selfTest: [{ vectors: 65 }],
  // 4 KiB, 1 MiB and 32 MiB moved in all: a launch, the caches, the memory.
  calibration: [{ vectors: 128 }, { vectors: 32_768 }, { vectors: 1_048_576 }],
  workgroups: ({ vectors }) => Math.ceil(vectors / 64),
  usefulFlops: () => 0,
  // 16 read and 16 written: bandwidth counts both ways
  bytes: ({ vectors }) => 32 * vectors,
  reference({ x, y }, { vectors }) {
    for (let i = 0; i < 4 * vectors; i++) y[i] = x[i];
  },
});
