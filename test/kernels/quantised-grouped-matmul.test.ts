// Products of experts with quantised matrices against the reference: few and many rows, shared by choices or not.
import { expertTileBound } from '../../src/kernels/expert-placement.ts';
import { quantisedGroupedMatmul } from '../../src/kernels/quantised-grouped-matmul.ts';
import { describeKernel } from './describe-kernel.ts';

const size = (
  rows: number,
  columns: number,
  inner: number,
  experts: number,
  tileRows: number,
  perToken = 0,
) => {
  const tileBound = expertTileBound(rows, experts, tileRows);
  return { rows, columns, inner, experts, tileRows, tileBound, perToken };
};

for (const kernel of Object.values(quantisedGroupedMatmul)) {
  describeKernel(kernel, [size(1, 1, 1, 1, 1), size(22, 33, 31, 3, 4, 2), size(64, 68, 72, 4, 16)]);
}
