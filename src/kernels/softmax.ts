// Row softmax, forward and backward: used by sampling, and the teacher of flash attention.
import source from '../../shaders/softmax.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';
import { sumsSource } from './workgroup-sums.ts';

/** y[r, ·] = softmax(x[r, ·]). x, y: [rows, columns]. */
export const softmaxForward = defineKernel({
  name: 'softmax.forward',
  role: 'other',
  source: prologue + sumsSource + source,
  entryPoint: 'forward',
  dims: ['rows', 'columns'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ rows, columns }) => ({ x: { shape: [rows, columns] }, y: { shape: [rows, columns] } }),
  // One more than four rounds of 64 invocations: the last round has a single column.
  selfTest: [{ rows: 3, columns: 257 }],
  calibration: [
    { rows: 1, columns: 65 },
    { rows: 256, columns: 256 },
    { rows: 1024, columns: 1024 },
  ],
  // a workgroup a row, however short: a teacher, not what training runs
  workgroups: ({ rows }) => rows,
  usefulFlops: ({ rows, columns }) => 5 * rows * columns, // max, subtract, exp, sum, divide
  launchedFlops: ({ rows, columns }) => 7 * rows * columns, // subtract and exp happen in two passes
  bytes: ({ rows, columns }) => 4 * rows * columns * 4, // three reads, one write
  reference({ x, y }, { rows, columns }) {
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      // Shifted by the maximum, as the shader does: the quotient does not change, and exp cannot overflow.
      let largest = Number.NEGATIVE_INFINITY;
      for (let c = 0; c < columns; c++) largest = Math.max(largest, x[base + c]);
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += Math.exp(x[base + c] - largest);
      for (let c = 0; c < columns; c++) y[base + c] = Math.exp(x[base + c] - largest) / sum;
    }
  },
});

/** dx = y ∘ (dy − Σ dy ∘ y) per row. All [rows, columns]. */
export const softmaxBackward = defineKernel({
  name: 'softmax.backward',
  role: 'other',
  source: prologue + sumsSource + source,
  entryPoint: 'backward',
  dims: ['rows', 'columns', 'accumulate'],
  reads: ['output', 'dy'],
  writes: ['dx'],
  tensors: ({ rows, columns }) => ({
    output: { shape: [rows, columns], fill: (uniform) => uniform / columns },
    dy: { shape: [rows, columns] },
    dx: { shape: [rows, columns] },
  }),
  selfTest: [
    { rows: 3, columns: 257, accumulate: 0 },
    { rows: 2, columns: 65, accumulate: 1 },
  ],
  calibration: [
    { rows: 1, columns: 65, accumulate: 0 },
    { rows: 256, columns: 256, accumulate: 0 },
    { rows: 1024, columns: 1024, accumulate: 0 },
  ],
  workgroups: ({ rows }) => rows,
  usefulFlops: ({ rows, columns }) => 4 * rows * columns, // multiply, sum, subtract, multiply
  bytes: ({ rows, columns, accumulate }) => 4 * rows * columns * (5 + accumulate), // four reads, one write
  reference({ output, dy, dx }, { rows, columns, accumulate }) {
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      let dot = 0;
      for (let c = 0; c < columns; c++) dot += output[base + c] * dy[base + c];
      for (let c = 0; c < columns; c++) {
        const gradient = output[base + c] * (dy[base + c] - dot);
        dx[base + c] = accumulate === 1 ? dx[base + c] + gradient : gradient;
      }
    }
  },
});

/** Softmax over the last dimension of x. */
export function softmax(tape: Tape, x: Tensor): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / columns;
  const y = tape.tensor('softmax', x.shape);
  tape.dispatch(softmaxForward, { rows, columns }, { x, y });
  tape.onBackward([x], y, (dy) => {
    const { gradient: dx, accumulate } = tape.gradientTarget(x);
    tape.dispatch(softmaxBackward, { rows, columns, accumulate }, { output: y, dy, dx });
  });
  return y;
}
