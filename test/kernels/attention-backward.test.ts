// The gradient kernels of attention against their references, into fresh and into filled gradients.
import { attentionDelta } from '../../src/kernels/attention-backward.ts';
import { keyGradientCases, queryGradientCases } from './attention-shapes.ts';
import { beyondOneGridRow, describeCases, describeKernel } from './describe-kernel.ts';

describeKernel(attentionDelta, [
  { batch: 1, time: 1, heads: 1, valueSize: 1 },
  { batch: 2, time: 37, heads: 3, valueSize: 10 },
  { batch: 1, time: 64, heads: 1, valueSize: 64 },
  { batch: 5, time: 13, heads: 1, valueSize: 257 },
  ...beyondOneGridRow({ batch: 700, time: 64, heads: 100, valueSize: 1 }),
]);

await describeCases(queryGradientCases);
await describeCases(keyGradientCases);
