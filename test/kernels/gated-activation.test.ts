// Gated activations against their references, PyTorch and finite differences.
import { it } from 'vitest';
import { activationNames } from '../../src/kernels/activation-functions.ts';
import { gatedActivation, gatedBackward, gatedForward } from '../../src/kernels/gated-activation.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, goldenCases, runOp } from './run-op.ts';

const sizes = [
  { rows: 1, columns: 127 },
  { rows: 2, columns: 64 },
  { rows: 1, columns: 1 },
  { rows: 3, columns: 43 },
  { rows: 13, columns: 257 },
];
const shapes = activationNames.map((_, kind) => ({ ...(sizes[kind % sizes.length] ?? sizes[0]), kind }));

describeKernel(gatedForward, shapes);
describeKernel(
  gatedBackward,
  shapes.map((shape, i) => ({ ...shape, accumulate: i % 2 })),
);

for (const kind of activationNames) {
  checkGradient(`gated ${kind}`, { x: { shape: [3, 10] } }, (tape, { x }) => gatedActivation(tape, x, kind));
}

interface Golden {
  readonly rows: number;
  readonly cols: number;
  readonly gate: readonly number[];
  readonly up: readonly number[];
  readonly y: readonly number[];
  readonly dy: readonly number[];
  readonly dgate: readonly number[];
  readonly dup: readonly number[];
}

it.each(goldenCases<Golden>('swiglu'))('swiglu equals PyTorch at [$rows, $cols]', async (golden) => {
  const { rows, cols } = golden;
  /** [rows, 2 · cols] from two halves. */
  const join = (left: readonly number[], right: readonly number[]) =>
    Array.from({ length: rows }, (_, row) => [
      ...left.slice(row * cols, (row + 1) * cols),
      ...right.slice(row * cols, (row + 1) * cols),
    ]).flat();
  const { y, gradients } = await runOp(
    { x: { shape: [rows, 2 * cols], values: join(golden.gate, golden.up) } },
    (tape, { x }) => gatedActivation(tape, x, 'silu'),
    { dy: golden.dy },
  );
  expectClose(y, golden.y);
  expectClose(gradients.x, join(golden.dgate, golden.dup));
});
