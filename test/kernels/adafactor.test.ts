// The kernels of Adafactor against their references; optimizer-table.test.ts holds them together against PyTorch.
import { adafactorVectors } from '../../src/kernels/adafactor.ts';
import {
  adafactorApply,
  adafactorColumns,
  adafactorFinish,
  adafactorRows,
  adafactorUpdateSums,
} from '../../src/kernels/adafactor-matrix.ts';
import { describeKernel } from './describe-kernel.ts';

const one = { matrices: 1, pieces: 1 };
/** Single matrices, some in the second block of a table, and stacks of pairs beside other columns. */
const places = [
  { ...one, rows: 1, columns: 1, stride: 1, firstColumn: 0, firstRow: 0, rowStart: 0 },
  { matrices: 6, pieces: 2, rows: 7, columns: 127, stride: 256, firstColumn: 2, firstRow: 0, rowStart: 14 },
  { matrices: 3, pieces: 1, rows: 33, columns: 128, stride: 135, firstColumn: 7, firstRow: 0, rowStart: 33 },
  { matrices: 2, pieces: 2, rows: 65, columns: 129, stride: 258, firstColumn: 0, firstRow: 0, rowStart: 0 },
  { ...one, rows: 201, columns: 257, stride: 257, firstColumn: 0, firstRow: 128, rowStart: 0 },
];
const decayExponent = 0.8;
const epsilon = 1e-8;

describeKernel(
  adafactorRows,
  places.map((dims) => ({ ...dims, decayExponent })),
);
describeKernel(
  adafactorColumns,
  places.map(({ firstRow: _, rowStart: _start, ...dims }, i) => {
    return { ...dims, sliceRows: 32, parts: 10, firstPart: i % 3 };
  }),
);
describeKernel(
  adafactorFinish,
  places.map(({ firstRow: _, ...dims }, i) => {
    return { ...dims, parts: 1 + 7 * i, decayExponent, epsilon, minimumScale: i % 2 };
  }),
);
describeKernel(
  adafactorUpdateSums,
  places.map((dims, i) => {
    return { ...dims, parts: 3 + Math.ceil((dims.rows * dims.columns) / 128), firstPart: i % 3, epsilon };
  }),
);
describeKernel(
  adafactorApply,
  places.map((dims, i) => ({
    ...dims,
    ...{ parts: 1 + 43 * i, elements: dims.rows * dims.columns, epsilon, weightDecay: 0.1 * i },
    ...{ updateClip: i % 2 === 0 ? 1 : 0.1, clearGradient: i % 2 },
  })),
);
describeKernel(
  adafactorVectors,
  [1, 127, 128, 129, 1009].map((columns, i) => ({
    ...{ vectors: 1 + (i % 2), columns, decayExponent, epsilon, minimumScale: 1e-3 },
    ...{ updateClip: i % 2 === 0 ? 1 : 0.1, clearGradient: i % 2 },
  })),
);
