// Dropout with a mask that is computed from a counter, never stored.
import source from '../../shaders/dropout.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue, randomUniform } from './prologue.ts';

/** y = x ∘ mask ÷ (1 − probability) (+ y): forward, and backward on gradients. x, y: [rows, columns]. */
export const dropoutKernel = defineKernel({
  name: 'dropout',
  family: 'dropout',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['rows', 'columns', 'time', 'operation', 'probability', 'accumulate'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ rows, columns }) => ({ x: { shape: [rows, columns] }, y: { shape: [rows, columns] } }),
  selfTest: [
    { rows: 6, columns: 37, time: 3, operation: 2, probability: 0.2, accumulate: 0 },
    { rows: 5, columns: 13, time: 5, operation: 7, probability: 0.5, accumulate: 1 },
  ],
  calibration: [
    { rows: 256, columns: 64, time: 64, operation: 0, probability: 0.2, accumulate: 0 },
    { rows: 1024, columns: 384, time: 256, operation: 0, probability: 0.2, accumulate: 0 },
    { rows: 2048, columns: 512, time: 256, operation: 0, probability: 0.2, accumulate: 0 },
  ],
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: ({ rows, columns }) => elementGroups(rows * columns),
  usefulFlops: ({ rows, columns, accumulate }) => rows * columns * (2 + accumulate), // compare, multiply
  // pcg4d: 30 integer operations
  launchedFlops: ({ rows, columns, accumulate }) => rows * columns * (32 + accumulate),
  bytes: ({ rows, columns, accumulate }) => 4 * rows * columns * (2 + accumulate),
  reference({ x, y }, { rows, columns, time, operation, probability, accumulate }, scalars) {
    const { dropoutSeed, step, sampleOffset } = scalars;
    for (let i = 0; i < rows * columns; i++) {
      const sample = sampleOffset + Math.floor(i / (time * columns));
      const uniform = randomUniform(dropoutSeed, step, sample, operation, i % (time * columns));
      const value = uniform < Math.fround(probability) ? 0 : x[i] / (1 - probability);
      y[i] = accumulate === 1 ? y[i] + value : value;
    }
  },
});

/**
 * Zeroes elements with the given probability and scales the others up, while training; otherwise returns x
 * itself.
 * @param x [B·T, C]
 */
export function dropout(
  tape: Tape,
  x: Tensor,
  probability: number,
  { time }: { readonly time: number },
): Tensor {
  if (probability === 0 || !tape.training) return x;
  const columns = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / columns;
  const operation = tape.nextOperation();
  const dims = { rows, columns, time, operation, probability };
  const y = tape.tensor(`${x.name} dropout`, x.shape);
  tape.dispatch(dropoutKernel, { ...dims, accumulate: 0 }, { x, y });
  tape.onBackward([x], y, (dy) => {
    const { gradient, accumulate } = tape.gradientTarget(x);
    tape.dispatch(dropoutKernel, { ...dims, accumulate }, { x: dy, y: gradient });
  });
  return y;
}
