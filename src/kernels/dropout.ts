// Dropout with a mask that is computed from a counter, never stored; a residual is added on the way.
import source from '../../shaders/dropout.wgsl?raw';
import { type Dispatch, defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { passGradient } from './add.ts';
import {
  type DropoutDims,
  dropoutDims,
  dropoutFlops,
  dropoutMask,
  droppedValue,
  randomFlops,
} from './dropout-mask.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

/** y = x ∘ mask ÷ (1 − dropout) (+ residual) (+ y): forward, and backward on gradients. All are [rows, columns]. */
export const dropoutKernel = defineKernel({
  name: 'dropout',
  role: 'dropout',
  arithmetic: 'dropout',
  waste: 'random numbers',
  source: prologue + dropoutMask + source,
  entryPoint: 'main',
  dims: ['rows', 'columns', ...dropoutDims, 'hasResidual', 'accumulate'],
  reads: ['x', 'residual'],
  writes: ['y'],
  optional: ['residual'],
  tensors: ({ rows, columns }) => {
    const shape = [rows, columns];
    return { x: { shape }, residual: { shape }, y: { shape } };
  },
  selfTest: [
    { rows: 6, columns: 37, time: 3, operation: 2, dropout: 0.2, hasResidual: 1, accumulate: 0 },
    { rows: 5, columns: 13, time: 5, operation: 7, dropout: 0.5, hasResidual: 0, accumulate: 1 },
  ],
  calibration: [
    { rows: 256, columns: 64, time: 64, operation: 0, dropout: 0.2, hasResidual: 0, accumulate: 0 },
    { rows: 1024, columns: 384, time: 256, operation: 0, dropout: 0.2, hasResidual: 0, accumulate: 0 },
    { rows: 2048, columns: 512, time: 256, operation: 0, dropout: 0.2, hasResidual: 0, accumulate: 0 },
  ],
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: ({ rows, columns }) => elementGroups(rows * columns),
  usefulFlops: ({ rows, columns, hasResidual, accumulate, ...mask }) =>
    rows * columns * (dropoutFlops(mask) + hasResidual + accumulate),
  // the generator's integers are launched, but nobody's mathematics
  launchedFlops: ({ rows, columns, hasResidual, accumulate, ...mask }) =>
    rows * columns * (dropoutFlops(mask) + randomFlops(mask) + hasResidual + accumulate),
  // x is read, y written; the mask costs no memory
  bytes: ({ rows, columns, hasResidual, accumulate }) => 4 * rows * columns * (2 + hasResidual + accumulate),
  reference({ x, residual, y }, dims, scalars) {
    const { rows, columns, hasResidual, accumulate } = dims;
    for (let i = 0; i < rows * columns; i++) {
      const kept = droppedValue(x[i], i, dims, scalars);
      const value = hasResidual === 1 ? residual[i] + kept : kept;
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
  // The number of the operation sets its numbers apart from those of every other dropout in the step.
  const mask = { dropout: probability, time, operation: tape.nextOperation() };
  const y = tape.tensor(`${x.name} dropout`, x.shape);
  const dims = { rows, columns, ...mask, hasResidual: residual ? 1 : 0, accumulate: 0 };
  tape.dispatch(dropoutKernel, dims, { x, ...(residual ? { residual } : {}), y });
  recordDropoutGradient(tape, x, residual, y, mask);
  return y;
}

/**
 * Records the gradients of y = (residual +) dropped x.
 * @param y what `dropout` or a product with an epilogue made of x, [rows, columns]
 */
export function recordDropoutGradient(
  tape: Tape,
  x: Tensor,
  residual: Tensor | undefined,
  y: Tensor,
  mask: DropoutDims,
): void {
  const columns = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / columns;
  const [wantsX, wantsResidual] = [tape.needsGradient(x), tape.needsGradient(residual)];
  tape.onBackward([x, residual], y, (dy) => {
    if (wantsX) {
      const { gradient, accumulate } = tape.gradientTarget(x);
      // A norm's gradient kernel that wrote dy last can write what is left of it on the way, while it is in a register.
      if (accumulate === 1 || !tape.extendWriter(dy, (writer) => withDropped(writer, gradient, mask))) {
        const dims = { rows, columns, ...mask, hasResidual: 0, accumulate };
        tape.dispatch(dropoutKernel, dims, { x: dy, y: gradient });
      }
    }
    // dy may become the residual's gradient itself, and is then added to: x's has read it before.
    if (residual && wantsResidual) passGradient(tape, residual, dy);
  });
}

/**
 * The gradient of a norm that was the last to write ∂y of y = (residual +) dropped x, writing ∂x = dropped ∂y beside it.
 * @returns undefined of anything else, and of what drops already
 */
function withDropped(
  { kernel, dims, bindings }: Dispatch,
  droppedDx: Tensor,
  mask: DropoutDims,
): Pick<Dispatch, 'dims' | 'bindings'> | undefined {
  if (!kernel.writes.includes('droppedDx') || dims.dropout !== 0) return undefined;
  return { dims: { ...dims, ...mask }, bindings: { ...bindings, droppedDx } };
}
