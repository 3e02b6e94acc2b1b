// The norm over all gradients, whether it and the loss are finite, and the factor that clips it.
import source from '../../shaders/gradient-norm.wgsl?raw';
import { type BindingSpec, defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor, viewOf } from '../plan/tensor.ts';
import { cornerSumsSource } from './corner-sums.ts';
import { prologue } from './prologue.ts';

/** Places of the numbers in the metrics tensor, f32 [8]. Norm and loss each leave the number of their step beside them. */
export const metricSlots = {
  loss: 0,
  gradientNorm: 1,
  isFinite: 2,
  clipFactor: 3,
  normStep: 4,
  lossStep: 5,
} as const;

/** Metrics of a finite step that is clipped to half, as kernels that read them are tested with. */
export const clippedMetrics: BindingSpec = {
  shape: [4],
  fill: (_, index) => (index === metricSlots.isFinite ? 1 : 0.5),
};

/** A step's number as the metrics hold it: with as many bits as a float counts exactly. */
export function stepMark(step: number): number {
  return step & 0xffffff;
}

/** squares[g] = Σ gradient² over every groups-th run of 512 elements from run g. */
export const sumSquaresKernel = defineKernel({
  name: 'gradientNorm.sumSquares',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + cornerSumsSource + source,
  entryPoint: 'sumSquares',
  dims: ['elements', 'groups'],
  reads: ['gradients'],
  writes: ['squares'],
  tensors: ({ elements, groups }) => ({ gradients: { shape: [elements] }, squares: { shape: [groups] } }),
  // Workgroups with whole, with partial and with no runs of 512 elements.
  selfTest: [
    { elements: 1000, groups: 3 },
    { elements: 100, groups: 2 },
  ],
  calibration: [
    { elements: 16_384, groups: 64 },
    { elements: 262_144, groups: 64 },
    { elements: 2_097_152, groups: 128 },
  ],
  workgroups: ({ groups }) => groups,
  // square, sum
  usefulFlops: ({ elements }) => 2 * elements,
  // every gradient of the model once: the whole cost of clipping
  bytes: ({ elements, groups }) => 4 * (elements + groups),
  reference({ gradients, squares }, { elements, groups }) {
    squares.fill(0, 0, groups);
    for (let i = 0; i < elements; i++) squares[Math.floor(i / 512) % groups] += gradients[i] ** 2;
  },
});

/**
 * metrics[1..4] = norm, 1 if it and the loss in metrics[0] are finite, clip ÷ (norm + 1e-6) but at most 1 (PyTorch's
 * clip_grad_norm_), and the step's number: what is read was written by this step.
 */
export const finishNormKernel = defineKernel({
  name: 'gradientNorm.finish',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + cornerSumsSource + source,
  entryPoint: 'finish',
  dims: ['groups', 'clip'],
  reads: ['sums'],
  writes: ['metrics'],
  tensors: ({ groups }) => ({
    sums: { shape: [groups], fill: (uniform) => uniform / groups },
    metrics: { shape: [5] },
  }),
  selfTest: [
    { groups: 300, clip: 0.5 },
    { groups: 64, clip: 0 },
  ],
  calibration: [64, 256, 1024].map((groups) => ({ groups, clip: 1 })),
  // One workgroup: the norm is one number, and every step waits for it.
  workgroups: () => 1,
  // sum; root, epsilon, quotient, minimum
  usefulFlops: ({ groups }) => groups + 4,
  bytes: ({ groups }) => 4 * (groups + 5), // the loss too
  reference({ sums, metrics }, { groups, clip }, { step }) {
    let total = 0;
    for (let i = 0; i < groups; i++) total += sums[i];
    const norm = Math.sqrt(total);
    // Of the sum of squares: one number that is not finite makes it so, and an overflow counts as well.
    const finite = [total, metrics[metricSlots.loss]].every((value) => Number.isFinite(Math.fround(value)));
    metrics[metricSlots.gradientNorm] = norm;
    metrics[metricSlots.isFinite] = finite ? 1 : 0;
    metrics[metricSlots.clipFactor] = clip > 0 && finite ? Math.min(1, clip / (norm + 1e-6)) : 1;
    metrics[metricSlots.normStep] = stepMark(step);
  },
});

/**
 * Workgroups for one buffer: about 128 elements per invocation, a multiple of 64 so that the sums are views.
 */
function groupsOf(elements: number): number {
  return Math.min(1024, 64 * Math.ceil(elements / (64 * 16_384)));
}

/**
 * Records the norm over flat gradient buffers into metrics[1..4] (`metricSlots`).
 * @param metrics f32 [8], with the loss in metrics[0]
 * @param clip largest norm; 0 clips nothing
 */
export function gradientNorm(
  tape: Tape,
  gradients: readonly Tensor[],
  metrics: Tensor,
  { clip }: { readonly clip: number },
): void {
  const counts = gradients.map((tensor) => groupsOf(elementCount(tensor.shape)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  // One tensor for the sums of all shards: the last dispatch adds them up as if there were one.
  const sums = tape.tensor('gradient squares', [total]);
  let first = 0;
  gradients.forEach((tensor, index) => {
    const groups = counts[index] ?? 0;
    const squares = viewOf(sums, first, [groups]);
    const dims = { elements: elementCount(tensor.shape), groups };
    tape.dispatch(sumSquaresKernel, dims, { gradients: tensor, squares });
    first += groups;
  });
  tape.dispatch(finishNormKernel, { groups: total, clip }, { sums, metrics });
}
