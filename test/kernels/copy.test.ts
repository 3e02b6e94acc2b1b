// The bandwidth probe copies.
import { copyForward } from '../../src/kernels/copy.ts';
import { describeKernel } from './describe-kernel.ts';

describeKernel(copyForward, [
  { vectors: 1 },
  { vectors: 63 },
  { vectors: 64 },
  { vectors: 65 },
  { vectors: 997 },
]);
