// LayerNorm against its references, PyTorch and finite differences.
import { it } from 'vitest';
import { noDropout } from '../../src/kernels/dropout-mask.ts';
import {
  layerNorm,
  layerNormBackward,
  layerNormBackwards,
  layerNormBackwardWeight,
  layerNormForward,
  layerNormForwards,
} from '../../src/kernels/layer-norm.ts';
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
  layerNormForward,
  shapes.map((shape, i) => ({ ...shape, hasBias: i % 2, epsilon: 1e-5, offset: i % 3 === 1 ? 1 : 0 })),
);
describeKernel(
  layerNormBackward,
  shapes.map((shape, i) => ({
    ...shape,
    offset: i % 3 === 1 ? 1 : 0,
    accumulate: i % 2,
    ...(i % 3 === 2 ? { dropout: 0.3, time: 2, operation: 4 } : noDropout),
  })),
);
for (const kernel of layerNormForwards.slice(0, -1))
  describeKernel(
    kernel,
    fewShapes.map((shape, i) => ({ ...shape, hasBias: i, epsilon: 1e-5, offset: i })),
  );
for (const kernel of layerNormBackwards.slice(0, -1))
  describeKernel(
    kernel,
    fewShapes.map((shape, i) => ({ ...shape, offset: i, accumulate: i, ...noDropout })),
  );
// Numbers near 1000 with a deviation of about 1: a long sum of them loses digits that their mean needs.
for (const kernel of layerNormForwards) {
  const fill = (uniform: number) => 1000 + 4 * (uniform - 0.5);
  const tensors = (dims: Parameters<typeof kernel.tensors>[0]) => {
    const { x, ...others } = kernel.tensors(dims);
    return { ...others, x: { ...x, fill } };
  };
  describeKernel({ ...kernel, tensors }, [{ rows: 5, columns: 768, hasBias: 1, epsilon: 1e-5, offset: 0 }], {
    tolerance: 1e-4,
  });
}
describeKernel(layerNormBackwardWeight, [
  { rows: 1, columns: 1, hasBias: 0, slices: 1, accumulate: 0 },
  { rows: 1, columns: 1, hasBias: 1, slices: 1, accumulate: 1 },
  { rows: 63, columns: 31, hasBias: 1, slices: 2, accumulate: 0 },
  { rows: 64, columns: 32, hasBias: 1, slices: 64, accumulate: 1 },
  { rows: 65, columns: 33, hasBias: 0, slices: 3, accumulate: 1 },
  { rows: 100, columns: 7, hasBias: 1, slices: 64, accumulate: 0 }, // the last slices have no rows
]);
checkGradient(
  'layerNorm with bias',
  { x: { shape: [3, 7] }, weight: { shape: [2, 7] } },
  (tape, { x, weight }) => layerNorm(tape, x, weight, { epsilon: 1e-5, bias: true }),
);
checkGradient(
  'layerNorm without bias',
  { x: { shape: [130, 3] }, weight: { shape: [3] } },
  (tape, { x, weight }) => layerNorm(tape, x, weight, { epsilon: 1e-5, bias: false }),
);

checkGradient(
  'layerNorm with scales from 1',
  { x: { shape: [3, 7] }, weight: { shape: [2, 7] } },
  (tape, { x, weight }) => layerNorm(tape, x, weight, { epsilon: 1e-5, bias: true, offset: 1 }),
);

interface Golden {
  readonly rows: number;
  readonly cols: number;
  readonly epsilon: number;
  readonly x: readonly number[];
  readonly weight: readonly number[];
  readonly bias: readonly number[];
  readonly y: readonly number[];
  readonly dy: readonly number[];
  readonly dx: readonly number[];
  readonly dweight: readonly number[];
  readonly dbias: readonly number[];
}

it.each(goldenCases<Golden>('layerNorm'))('layerNorm equals PyTorch at [$rows, $cols]', async (golden) => {
  const { rows, cols, epsilon, dy } = golden;
  const { y, gradients } = await runOp(
    {
      x: { shape: [rows, cols], values: golden.x },
      weight: { shape: [2, cols], values: [...golden.weight, ...golden.bias] },
    },
    (tape, { x, weight }) => layerNorm(tape, x, weight, { epsilon, bias: true }),
    { dy },
  );
  expectClose(y, golden.y);
  expectClose(gradients.x, golden.dx);
  expectClose(gradients.weight, [...golden.dweight, ...golden.dbias]);
});
