// RMSNorm against its references, PyTorch and finite differences.
import { it } from 'vitest';
import { noDropout } from '../../src/kernels/dropout-mask.ts';
import {
  rmsNorm,
  rmsNormBackward,
  rmsNormBackwards,
  rmsNormBackwardWeight,
  rmsNormForward,
  rmsNormForwards,
} from '../../src/kernels/rms-norm.ts';
import { beyondOneGridRow, checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, goldenCases, runOp } from './run-op.ts';

const shapes = [
  { rows: 1, columns: 1 },
  { rows: 7, columns: 8 },
  { rows: 8, columns: 7 },
  { rows: 9, columns: 40 },
  { rows: 67, columns: 257 },
  { rows: 3, columns: 1023 },
  ...beyondOneGridRow({ rows: 530_000, columns: 2 }),
];

/** Of variants that differ in a constant. */
const fewShapes = [
  { rows: 63, columns: 8 },
  { rows: 65, columns: 257 },
];

describeKernel(
  rmsNormForward,
  shapes.map((shape, i) => ({ ...shape, epsilon: 1e-5, offset: i % 2 })),
);
describeKernel(
  rmsNormBackward,
  shapes.map((shape, i) => ({
    ...shape,
    offset: i % 3 === 0 ? 1 : 0,
    accumulate: i % 2,
    ...(i % 3 === 2 ? { dropout: 0.3, time: 2, operation: 4 } : noDropout),
  })),
);
for (const kernel of rmsNormForwards.slice(0, -1))
  describeKernel(
    kernel,
    fewShapes.map((shape, i) => ({ ...shape, epsilon: 1e-5, offset: i })),
  );
for (const kernel of rmsNormBackwards.slice(0, -1))
  describeKernel(
    kernel,
    fewShapes.map((shape, i) => ({ ...shape, offset: i, accumulate: i, ...noDropout })),
  );
describeKernel(rmsNormBackwardWeight, [
  { rows: 1, columns: 1, slices: 1, accumulate: 0 },
  { rows: 1, columns: 1, slices: 1, accumulate: 1 },
  { rows: 63, columns: 31, slices: 2, accumulate: 0 },
  { rows: 64, columns: 32, slices: 64, accumulate: 1 },
  { rows: 65, columns: 33, slices: 3, accumulate: 1 },
  { rows: 100, columns: 7, slices: 64, accumulate: 0 }, // the last slices have no rows
]);
checkGradient('rmsNorm', { x: { shape: [3, 7] }, weight: { shape: [7] } }, (tape, { x, weight }) =>
  rmsNorm(tape, x, weight, { epsilon: 1e-5 }),
);
checkGradient(
  'rmsNorm in slices',
  { x: { shape: [130, 3] }, weight: { shape: [3] } },
  (tape, { x, weight }) => rmsNorm(tape, x, weight, { epsilon: 1e-6 }),
);
checkGradient('rmsNorm with 1 + w', { x: { shape: [3, 7] }, weight: { shape: [7] } }, (tape, { x, weight }) =>
  rmsNorm(tape, x, weight, { epsilon: 1e-5, offset: 1 }),
);

interface Golden {
  readonly rows: number;
  readonly cols: number;
  readonly epsilon: number;
  readonly x: readonly number[];
  readonly weight: readonly number[];
  readonly y: readonly number[];
  readonly dy: readonly number[];
  readonly dx: readonly number[];
  readonly dweight: readonly number[];
}

it.each(goldenCases<Golden>('rmsNorm'))('rmsNorm equals PyTorch at [$rows, $cols]', async (golden) => {
  const { rows, cols, epsilon, dy } = golden;
  const { y, gradients } = await runOp(
    { x: { shape: [rows, cols], values: golden.x }, weight: { shape: [cols], values: golden.weight } },
    (tape, { x, weight }) => rmsNorm(tape, x, weight, { epsilon }),
    { dy },
  );
  expectClose(y, golden.y);
  expectClose(gradients.x, golden.dx);
  expectClose(gradients.weight, golden.dweight);
});
