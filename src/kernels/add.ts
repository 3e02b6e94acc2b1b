// Sums of two tensors element by element, and accumulation of one gradient into another.
import source from '../../shaders/add.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

/** y = a (+ b) (+ y). All have `elements` elements. */
export const addKernel = defineKernel({
  name: 'add',
  role: 'addition',
  arithmetic: 'residual',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['elements', 'hasB', 'accumulate'],
  reads: ['a', 'b'],
  writes: ['y'],
  optional: ['b'],
  tensors: ({ elements }) => ({
    a: { shape: [elements] },
    b: { shape: [elements] },
    y: { shape: [elements] },
  }),
  // One element to either side of two workgroups' 256, and just that.
  selfTest: [
    { elements: 257, hasB: 1, accumulate: 0 },
    { elements: 255, hasB: 0, accumulate: 1 },
    { elements: 256, hasB: 0, accumulate: 0 },
  ],
  calibration: [
    { elements: 4096, hasB: 1, accumulate: 0 },
    { elements: 262_144, hasB: 1, accumulate: 0 },
    { elements: 1_048_576, hasB: 1, accumulate: 0 },
  ],
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  usefulFlops: ({ elements, hasB, accumulate }) => elements * (hasB + accumulate),
  // a and b are read, y is written, and read before where it is added to
  bytes: ({ elements, hasB, accumulate }) => 4 * elements * (2 + hasB + accumulate),
  reference({ a, b, y }, { elements, hasB, accumulate }) {
    for (let i = 0; i < elements; i++) {
      y[i] = a[i] + (hasB === 1 ? b[i] : 0) + (accumulate === 1 ? y[i] : 0);
    }
  },
});

/** a + b, of equal element counts; the result has a's shape. */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  const elements = elementCount(a.shape);
  if (elementCount(b.shape) !== elements) {
    throw new Error(
      `add: sizes differ: a is ${describeTensor(a)}, b is ${describeTensor(b)}. Pass equal shapes.`,
    );
  }
  const y = tape.tensor('sum', a.shape);
  // An operand without parameters behind it (embedded tokens of a frozen model) gets no gradient.
  const [wantsA, wantsB] = [tape.needsGradient(a), tape.needsGradient(b)];
  tape.dispatch(addKernel, { elements, hasB: 1, accumulate: 0 }, { a, b, y });
  tape.onBackward([a, b], y, (dy) => {
    // dy may become one operand's gradient itself, and is then added to: the other operand must read it before.
    if (wantsA && wantsB) recordAccumulate(tape, a, dy);
    if (wantsB) passGradient(tape, b, dy);
    else if (wantsA) passGradient(tape, a, dy);
  });
  return y;
}

/** Hands dy to a tensor as its whole gradient without a copy if it is the first contribution, else adds it. */
export function passGradient(tape: Tape, tensor: Tensor, dy: Tensor): void {
  if (!tape.adoptGradient(tensor, dy)) recordAccumulate(tape, tensor, dy);
}

/** Records gradient(tensor) = dy (+ what is there already). */
export function recordAccumulate(tape: Tape, tensor: Tensor, dy: Tensor): void {
  const { gradient, accumulate } = tape.gradientTarget(tensor);
  tape.dispatch(
    addKernel,
    // Without b and accumulate this is a copy: the first contribution, where dy could not be adopted.
    { elements: elementCount(tensor.shape), hasB: 0, accumulate },
    { a: dy, y: gradient },
  );
}
