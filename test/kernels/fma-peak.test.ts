// The arithmetic probe really does the multiply-adds that it counts.
import { fmaPeakScalar, fmaPeakVector } from '../../src/kernels/fma-peak.ts';
import { describeKernel } from './describe-kernel.ts';

const shapes = [
  { steps: 1, workgroups: 1 },
  { steps: 7, workgroups: 5 },
];

describeKernel(fmaPeakScalar, shapes);
describeKernel(fmaPeakVector, shapes);
