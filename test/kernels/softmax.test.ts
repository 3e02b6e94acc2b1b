// Row softmax against its reference and finite differences.
import { softmax, softmaxBackward, softmaxForward } from '../../src/kernels/softmax.ts';
import { beyondOneGridRow, checkGradient, describeKernel } from './describe-kernel.ts';

const shapes = [
  { rows: 1, columns: 1 },
  { rows: 3, columns: 63 },
  { rows: 2, columns: 64 },
  { rows: 2, columns: 65 },
  { rows: 7, columns: 257 },
  ...beyondOneGridRow({ rows: 70_000, columns: 3 }),
];

describeKernel(softmaxForward, shapes);
describeKernel(
  softmaxBackward,
  shapes.map((shape, i) => ({ ...shape, accumulate: i % 2 })),
);
checkGradient('softmax', { x: { shape: [3, 7] } }, (tape, { x }) => softmax(tape, x));
