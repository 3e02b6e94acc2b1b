// The gradient kernels of attention against their references, into fresh and into filled gradients.
import {
  attentionDelta,
  attentionKeyGradients,
  attentionQueryGradients,
} from '../../src/kernels/attention-backward.ts';
import { attentionShapes, shapesFor } from './attention-shapes.ts';
import { describeKernel } from './describe-kernel.ts';

describeKernel(attentionDelta, [
  { batch: 1, time: 1, heads: 1, valueSize: 1 },
  { batch: 2, time: 37, heads: 3, valueSize: 10 },
  { batch: 1, time: 64, heads: 1, valueSize: 64 },
  { batch: 5, time: 13, heads: 1, valueSize: 257 },
  { batch: 700, time: 64, heads: 100, valueSize: 1 },
]);

const shapes = attentionShapes.map((dims, index) => ({ ...dims, accumulate: index % 2 }));

for (const kernel of attentionQueryGradients) describeKernel(kernel, shapesFor(kernel, shapes));
for (const kernel of attentionKeyGradients) describeKernel(kernel, shapesFor(kernel, shapes));
