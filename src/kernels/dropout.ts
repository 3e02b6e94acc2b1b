// Dropout with a mask that is computed from a counter, never stored; a residual is added on the way.
import source from '../../shaders/dropout.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { passGradient } from './add.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue, randomUniform } from './prologue.ts';

/** y = x ∘ mask ÷ (1 − probability) (+ residual) (+ y): forward, and backward on gradients. All are [rows, columns]. */
export const dropoutKernel = defineKernel({
  name: 'dropout',
  role: 'dropout',
  arithmetic: 'dropout',
  waste: 'random numbers',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['rows', 'columns', 'time', 'operation', 'probability', 'hasResidual', 'accumulate'],
  reads: ['x', 'residual'],
  writes: ['y'],
  optional: ['residual'],
  tensors: ({ rows, columns }) => {
    const shape = [rows, columns];
    return { x: { shape }, residual: { shape }, y: { shape } };
  },
  selfTest: [
    { rows: 6, columns: 37, time: 3, operation: 2, probability: 0.2, hasResidual: 1, accumulate: 0 },
    { rows: 5, columns: 13, time: 5, operation: 7, probability: 0.5, hasResidual: 0, accumulate: 1 },
  ],
  calibration: [
    { rows: 256, columns: 64, time: 64, operation: 0, probability: 0.2, hasResidual: 0, accumulate: 0 },
    { rows: 1024, columns: 384, time: 256, operation: 0, probability: 0.2, hasResidual: 0, accumulate: 0 },
    { rows: 2048, columns: 512, time: 256, operation: 0, probability: 0.2, hasResidual: 0, accumulate: 0 },
  ],
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: ({ rows, columns }) => elementGroups(rows * columns),
  usefulFlops: ({ rows, columns, hasResidual, accumulate }) =>
    rows * columns * (2 + hasResidual + accumulate), // compare, multiply
  // pcg4d: 30 integer operations
  launchedFlops: ({ rows, columns, hasResidual, accumulate }) =>
    rows * columns * (32 + hasResidual + accumulate),
  bytes: ({ rows, columns, hasResidual, accumulate }) => 4 * rows * columns * (2 + hasResidual + accumulate),
  reference(
    { x, residual, y },
    { rows, columns, time, operation, probability, hasResidual, accumulate },
    scalars,
  ) {
    const { dropoutSeed, step, sampleOffset } = scalars;
    for (let i = 0; i < rows * columns; i++) {
      const sample = sampleOffset + Math.floor(i / (time * columns));
      const uniform = randomUniform(dropoutSeed, step, sample, operation, i % (time * columns));
      const dropped = uniform < Math.fround(probability) ? 0 : x[i] / (1 - probability);
      const value = hasResidual === 1 ? residual[i] + dropped : dropped;
      y[i] = accumulate === 1 ? y[i] + value : value;
    }
  },
});

/**
 * Zeroes elements with the given probability and scales the others up, while training; otherwise returns x itself.
 * @param x [B·T, C]
 */
export function dropout(
  tape: Tape,
  x: Tensor,
  probability: number,
  { time }: { readonly time: number },
): Tensor {
  return probability === 0 || !tape.training ? x : recordDropout(tape, x, probability, time);
}

/**
 * residual + dropout(x) in one pass, while training with a probability above 0. Backward the residual takes the sum's
 * gradient as its own, without a copy.
 * @param x [B·T, C], as is the residual
 */
export function addDropped(
  tape: Tape,
  residual: Tensor,
  x: Tensor,
  probability: number,
  { time }: { readonly time: number },
): Tensor {
  if (elementCount(residual.shape) !== elementCount(x.shape)) {
    throw new Error(
      `addDropped: sizes differ: the residual is ${describeTensor(residual)}, x is ${describeTensor(x)}. Pass equal shapes.`,
    );
  }
  return recordDropout(tape, x, probability, time, residual);
}

function recordDropout(tape: Tape, x: Tensor, probability: number, time: number, residual?: Tensor): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / columns;
  const dims = { rows, columns, time, operation: tape.nextOperation(), probability };
  const y = tape.tensor(`${x.name} dropout`, x.shape);
  const [wantsX, wantsResidual] = [tape.needsGradient(x), tape.needsGradient(residual)];
  const forward = { ...dims, hasResidual: residual ? 1 : 0, accumulate: 0 };
  tape.dispatch(dropoutKernel, forward, { x, ...(residual ? { residual } : {}), y });
  tape.onBackward([x, residual], y, (dy) => {
    if (wantsX) {
      const { gradient, accumulate } = tape.gradientTarget(x);
      tape.dispatch(dropoutKernel, { ...dims, hasResidual: 0, accumulate }, { x: dy, y: gradient });
    }
    // dy may become the residual's gradient itself, and is then added to: x's has read it before.
    if (residual && wantsResidual) passGradient(tape, residual, dy);
  });
  return y;
}
