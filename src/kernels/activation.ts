// Activations element by element, with their gradients; the functions are the rows of activation-functions.ts.
import source from '../../shaders/activation.wgsl?raw';
import functionsSource from '../../shaders/activation-functions.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import {
  type ActivationName,
  activationKind,
  activationNames,
  activationOfKind,
  wide,
} from './activation-functions.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { withSlope } from './matmul-epilogue.ts';
import { prologue } from './prologue.ts';

/** A shape for every function. Sizes run over a multiple of the workgroup's 128 elements, so that a tail is tried too. */
const everyKind = (elements: number) =>
  activationNames.map((_, kind) => ({ elements: elements + kind, kind }));

/** y = f(x); f by `kind`. */
export const activationForward = defineKernel({
  name: 'activation.forward',
  role: 'activation',
  arithmetic: 'activation arithmetic',
  source: prologue + functionsSource + source,
  entryPoint: 'forward',
  dims: ['elements', 'kind'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ elements }) => ({ x: { shape: [elements], fill: wide }, y: { shape: [elements] } }),
  selfTest: everyKind(255),
  calibration: [
    { elements: 16_384, kind: 0 },
    { elements: 393_216, kind: 0 },
    { elements: 2_097_152, kind: 0 },
  ],
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  usefulFlops: ({ elements, kind }) => elements * activationOfKind(kind).flops.value,
  // x is read, y is written
  bytes: ({ elements }) => 4 * elements * 2,
  reference({ x, y }, { elements, kind }) {
    const { value } = activationOfKind(kind);
    for (let i = 0; i < elements; i++) y[i] = value(x[i]);
  },
});

/** dx = f′(x) · dy (+ dx). */
export const activationBackward = defineKernel({
  name: 'activation.backward',
  role: 'activation',
  arithmetic: 'activation arithmetic',
  source: prologue + functionsSource + source,
  entryPoint: 'backward',
  dims: ['elements', 'kind', 'accumulate'],
  reads: ['x', 'dy'],
  writes: ['dx'],
  tensors: ({ elements }) => ({
    x: { shape: [elements], fill: wide },
    dy: { shape: [elements] },
    dx: { shape: [elements] },
  }),
  selfTest: everyKind(255).map((dims, i) => ({ ...dims, accumulate: i % 2 })),
  calibration: [
    { elements: 16_384, kind: 0, accumulate: 0 },
    { elements: 393_216, kind: 0, accumulate: 0 },
    { elements: 2_097_152, kind: 0, accumulate: 0 },
  ],
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  usefulFlops: ({ elements, kind, accumulate }) =>
    // the slope, times dy
    elements * (activationOfKind(kind).flops.slope + 1 + accumulate),
  // x and dy are read, dx is written, and read before where it is added to
  bytes: ({ elements, accumulate }) => 4 * elements * (3 + accumulate),
  reference({ x, dy, dx }, { elements, kind, accumulate }) {
    const { slope } = activationOfKind(kind);
    for (let i = 0; i < elements; i++) {
      const gradient = slope(x[i]) * dy[i];
      dx[i] = accumulate === 1 ? dx[i] + gradient : gradient;
    }
  },
});

/**
 * Records the gradient of y = f(x): in the product that wrote ∂y last, else by itself.
 * @param y what `activation` or a product with an epilogue made of x
 */
export function recordActivationGradient(tape: Tape, x: Tensor, y: Tensor, kind: number): void {
  tape.onBackward([x], y, (dy) => {
    const { gradient: dx, accumulate } = tape.gradientTarget(x);
    const factor = { x, dx, kind, accumulate };
    // The product that wrote dy last holds it in registers: multiplied there, f′ costs no pass over memory of its own.
    if (tape.extendWriter(dy, (writer) => withSlope(writer, factor))) return;
    const elements = elementCount(x.shape);
    tape.dispatch(activationBackward, { elements, kind, accumulate }, { x, dy, dx });
  });
}

/** f(x) element by element. */
export function activation(tape: Tape, x: Tensor, name: ActivationName): Tensor {
  const elements = elementCount(x.shape);
  const kind = activationKind(name);
  const y = tape.tensor(name, x.shape);
  tape.dispatch(activationForward, { elements, kind }, { x, y });
  recordActivationGradient(tape, x, y, kind);
  return y;
}
