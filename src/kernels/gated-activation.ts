// Gated activations, SwiGLU with SiLU (Shazeer 2020): y = f(gate) ∘ up, gate and up side by side in one
// tensor.
import source from '../../shaders/activation.wgsl?raw';
import functionsSource from '../../shaders/activation-functions.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import {
  type ActivationName,
  activationKind,
  activationNames,
  activationOfKind,
  wide,
} from './activation-functions.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

const silu = activationKind('silu');
// Gate and up lie side by side because one product makes both: half the launches, and x is read once.
const calibration = [
  { rows: 256, columns: 128, kind: silu },
  { rows: 1024, columns: 512, kind: silu },
  { rows: 2048, columns: 1024, kind: silu },
];
const selfTest = activationNames.map((_, kind) => ({ rows: 3 + kind, columns: 43, kind }));

/** y = f(gate) ∘ up. x: [rows, 2 · columns], gate columns first; y: [rows, columns]. */
export const gatedForward = defineKernel({
  name: 'gatedActivation.forward',
  role: 'activation',
  arithmetic: 'activation arithmetic',
  source: prologue + functionsSource + source,
  entryPoint: 'gatedForward',
  dims: ['rows', 'columns', 'kind'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ rows, columns }) => ({
    x: { shape: [rows, 2 * columns], fill: wide },
    y: { shape: [rows, columns] },
  }),
  selfTest,
  calibration,
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: ({ rows, columns }) => elementGroups(rows * columns),
  usefulFlops: ({ rows, columns, kind }) => rows * columns * (activationOfKind(kind).flops.value + 1),
  // gate and up are read, y is written
  bytes: ({ rows, columns }) => 4 * rows * columns * 3,
  reference({ x, y }, { rows, columns, kind }) {
    const { value } = activationOfKind(kind);
    for (let i = 0; i < rows * columns; i++) {
      // Place in a row of 2 · columns of what stands at i in one of columns.
      const gate = Math.floor(i / columns) * columns + i;
      y[i] = value(x[gate]) * x[gate + columns];
    }
  },
});

/**
 * dgate = f′(gate) ∘ up ∘ dy and dup = f(gate) ∘ dy (+ what is there), in one tensor dx: [rows, 2 · columns].
 */
export const gatedBackward = defineKernel({
  name: 'gatedActivation.backward',
  role: 'activation',
  arithmetic: 'activation arithmetic',
  source: prologue + functionsSource + source,
  entryPoint: 'gatedBackward',
  dims: ['rows', 'columns', 'kind', 'accumulate'],
  reads: ['x', 'dy'],
  writes: ['dx'],
  tensors: ({ rows, columns }) => ({
    x: { shape: [rows, 2 * columns], fill: wide },
    dy: { shape: [rows, columns] },
    dx: { shape: [rows, 2 * columns] },
  }),
  selfTest: selfTest.map((dims, i) => ({ ...dims, accumulate: i % 2 })),
  calibration: calibration.map((dims) => ({ ...dims, accumulate: 0 })),
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: ({ rows, columns }) => elementGroups(rows * columns),
  usefulFlops: ({ rows, columns, kind, accumulate }) => {
    const { value, slope } = activationOfKind(kind).flops;
    // f and f′ of the gate, three products
    return rows * columns * (value + slope + 3 + 2 * accumulate);
  },
  // gate, up and dy are read; both gradients are written
  bytes: ({ rows, columns, accumulate }) => 4 * rows * columns * (5 + 2 * accumulate),
  reference({ x, dy, dx }, { rows, columns, kind, accumulate }) {
    const { value, slope } = activationOfKind(kind);
    for (let i = 0; i < rows * columns; i++) {
      const gate = Math.floor(i / columns) * columns + i;
      const gateGradient = slope(x[gate]) * x[gate + columns] * dy[i];
      const upGradient = value(x[gate]) * dy[i];
      dx[gate] = accumulate === 1 ? dx[gate] + gateGradient : gateGradient;
      dx[gate + columns] = accumulate === 1 ? dx[gate + columns] + upGradient : upGradient;
    }
  },
});

/**
 * f(gate) ∘ up.
 * @param gateUp [N, 2F], gate columns first
 * @returns [N, F]
 */
export function gatedActivation(tape: Tape, gateUp: Tensor, name: ActivationName): Tensor {
  const columns = (gateUp.shape.at(-1) ?? 0) / 2;
  if (!Number.isInteger(columns)) {
    throw new Error(
      `gatedActivation: ${describeTensor(gateUp)} has an odd row. Pass gate and up of equal width.`,
    );
  }
  const rows = elementCount(gateUp.shape) / (2 * columns);
  const kind = activationKind(name);
  // The product before it is kept whole: both gradients need gate and up.
  const y = tape.tensor(`${name} gated`, [...gateUp.shape.slice(0, -1), columns]);
  tape.dispatch(gatedForward, { rows, columns, kind }, { x: gateUp, y });
  tape.onBackward([gateUp], y, (dy) => {
    const { gradient: dx, accumulate } = tape.gradientTarget(gateUp);
    tape.dispatch(gatedBackward, { rows, columns, kind, accumulate }, { x: gateUp, dy, dx });
  });
  return y;
}
