// A tensor times a fixed factor, added to another or not: scaled embeddings and scaled residual branches.
import source from '../../shaders/scale.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { passGradient } from './add.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

/** y = factor · x (+ residual) (+ y). All have `elements` elements. */
export const scaleKernel = defineKernel({
  name: 'scale',
  role: 'scaling',
  arithmetic: 'scaling',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['elements', 'factor', 'hasResidual', 'accumulate'],
  reads: ['x', 'residual'],
  writes: ['y'],
  optional: ['residual'],
  tensors: ({ elements }) => ({
    x: { shape: [elements] },
    residual: { shape: [elements] },
    y: { shape: [elements] },
  }),
  // One element to either side of two workgroups' 256, and just that.
  selfTest: [
    { elements: 257, factor: 0.5, hasResidual: 1, accumulate: 0 },
    { elements: 255, factor: -3, hasResidual: 0, accumulate: 1 },
    { elements: 256, factor: 8, hasResidual: 0, accumulate: 0 },
  ],
  calibration: [4096, 262_144, 1_048_576].map((elements) => {
    return { elements, factor: 0.5, hasResidual: 1, accumulate: 0 };
  }),
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  usefulFlops: ({ elements, hasResidual, accumulate }) => elements * (1 + hasResidual + accumulate),
  // x and the residual are read, y is written, and read before where it is added to
  bytes: ({ elements, hasResidual, accumulate }) => 4 * elements * (2 + hasResidual + accumulate),
  reference({ x, residual, y }, { elements, factor, hasResidual, accumulate }) {
    for (let i = 0; i < elements; i++) {
      y[i] = factor * x[i] + (hasResidual === 1 ? residual[i] : 0) + (accumulate === 1 ? y[i] : 0);
    }
  },
});

/** factor · x (+ residual), of equal element counts; the result has x's shape. */
export function scale(tape: Tape, x: Tensor, factor: number, residual?: Tensor): Tensor {
  const elements = elementCount(x.shape);
  if (residual && elementCount(residual.shape) !== elements) {
    throw new Error(
      `scale: sizes differ: x is ${describeTensor(x)}, residual is ${describeTensor(residual)}. Pass equal shapes.`,
    );
  }
  // Not in place: the gradient of what wrote x may need x.
  const y = tape.tensor('scaled', x.shape);
  const [wantsX, wantsResidual] = [tape.needsGradient(x), tape.needsGradient(residual)];
  const bindings = { x, y, ...(residual ? { residual } : {}) };
  tape.dispatch(scaleKernel, { elements, factor, hasResidual: residual ? 1 : 0, accumulate: 0 }, bindings);
  tape.onBackward([x, residual], y, (dy) => {
    if (wantsX) {
      const { gradient, accumulate } = tape.gradientTarget(x);
      // ∂x = factor · ∂y: the same kernel.
      tape.dispatch(scaleKernel, { elements, factor, hasResidual: 0, accumulate }, { x: dy, y: gradient });
    }
    // Last: dy may become the residual's gradient itself, and is then added to.
    if (residual && wantsResidual) passGradient(tape, residual, dy);
  });
  return y;
}
