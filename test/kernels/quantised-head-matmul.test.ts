// Products per head with parts of a quantised matrix against the reference, along its columns and along its inputs.
import { quantisedHeadMatmul } from '../../src/kernels/quantised-head-matmul.ts';
import { describeKernel } from './describe-kernel.ts';

for (const kernel of Object.values(quantisedHeadMatmul)) {
  describeKernel(kernel, [
    ...kernel.selfTest,
    {
      columns: 80,
      inner: 65,
      rows: 2,
      heads: 2,
      outputs: 65,
      inputs: 31,
      xStride: 33,
      yStride: 65,
      firstColumn: 0,
      headColumns: 40,
      alongColumns: 1,
    },
  ]);
}
