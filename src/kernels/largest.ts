// The column of the largest number of each row: what a model would say next, where temperature is 0.
import source from '../../shaders/largest.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';
import { reductionsSource } from './sample.ts';

/** chosen[row] = column of the largest x[row], the first of equals. x: [rows, columns], chosen: u32 [rows]. */
export const largestKernel = defineKernel({
  name: 'largest',
  role: 'other',
  source: prologue + reductionsSource + source,
  entryPoint: 'main',
  dims: ['rows', 'columns'],
  reads: ['x'],
  writes: ['chosen'],
  // 64 invocations: every device has them.
  constants: () => ({ threadLevels: 6 }),
  tensors: ({ rows, columns }) => ({
    x: { shape: [rows, columns] },
    chosen: { shape: [rows], elementType: 'u32', fill: () => 0 },
  }),
  // More than two rounds of columns, and fewer than one.
  selfTest: [
    { rows: 5, columns: 131 },
    { rows: 3, columns: 7 },
  ],
  calibration: [
    { rows: 256, columns: 65 },
    { rows: 256, columns: 1024 },
    { rows: 256, columns: 8192 },
  ],
  workgroups: ({ rows }) => rows,
  usefulFlops: () => 0, // comparisons
  bytes: ({ rows, columns }) => 4 * rows * (columns + 1),
  reference({ x, chosen }, { rows, columns }) {
    for (let row = 0; row < rows; row++) {
      let best = 0;
      // Greater, not greater or equal: the first of equals stays.
      for (let c = 1; c < columns; c++) if (x[row * columns + c] > x[row * columns + best]) best = c;
      chosen[row] = best;
    }
  },
});

/**
 * Records the greedy choice of each row of logits. Inference only: it has no gradient.
 * @param logits [rows, V]
 * @param chosen u32 [rows], written
 */
export function largest(tape: Tape, logits: Tensor, chosen: Tensor): void {
  const columns = logits.shape.at(-1) ?? 1;
  const rows = elementCount(logits.shape) / columns;
  if (elementCount(chosen.shape) !== rows)
    throw new Error(`largest: ${describeTensor(chosen)} cannot hold ${rows} choices. Resize it.`);
  tape.dispatch(largestKernel, { rows, columns }, { x: logits, chosen });
}
