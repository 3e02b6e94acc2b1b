// What routers do, summed on the device: load, drops, entropy and mean share per layer and expert, and the bias that balances.
import source from '../../shaders/router-statistics.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import type { Placement } from './expert-placement.ts';
import { clippedMetrics, metricSlots } from './gradient-norm.ts';
import { prologue } from './prologue.ts';
import type { Routing } from './router.ts';

/**
 * Numbers of one layer: tokens, Σ entropy, Σ (log Σ exp)², 0; then four rows of E: load, dropped, share, step's load.
 * One tensor for all layers: the page reads it in one piece.
 */
export function statisticsStride(experts: number): number {
  return 4 + 4 * experts;
}

/**
 * Adds a replay's numbers to the statistics from `firstElement` on; sums over tokens and steps.
 * Kept on the device and added up from step to step: what a chart shows each second needs no read-back each step.
 */
export const gatherStatistics = defineKernel({
  name: 'routerStatistics.gather',
  role: 'statistics',
  arithmetic: 'router arithmetic',
  source: prologue + source,
  entryPoint: 'gather',
  dims: ['tokens', 'experts', 'sigmoid', 'firstElement'],
  reads: ['scores', 'rowSums', 'counts', 'offsets'],
  writes: ['statistics'],
  tensors: ({ tokens, experts, sigmoid, firstElement }) => ({
    scores: { shape: [tokens, experts], fill: (uniform) => (sigmoid === 1 ? uniform : uniform / experts) },
    rowSums: { shape: [tokens], fill: (uniform) => 1 + uniform },
    counts: { shape: [experts], elementType: 'u32', fill: () => 7 },
    offsets: { shape: [experts + 1], elementType: 'u32', fill: (_, e) => 5 * e },
    statistics: { shape: [firstElement + statisticsStride(experts)] },
  }),
  selfTest: [
    { tokens: 70, experts: 5, sigmoid: 0, firstElement: 24 },
    { tokens: 9, experts: 3, sigmoid: 1, firstElement: 0 },
  ],
  calibration: [
    { tokens: 256, experts: 8, sigmoid: 0, firstElement: 0 },
    { tokens: 1024, experts: 8, sigmoid: 0, firstElement: 0 },
    { tokens: 2048, experts: 64, sigmoid: 0, firstElement: 0 },
  ],
  // one an expert, and one for the entropies, which need all shares of a token
  workgroups: ({ experts }) => experts + 1,
  usefulFlops: ({ tokens, experts }) => tokens * (6 * experts + 2),
  // scores are read for the shares and for the entropies; counts, offsets, and four numbers an expert to and
  // fro
  bytes: ({ tokens, experts }) => 4 * (tokens * (2 * experts + 1) + 10 * experts),
  reference({ scores, rowSums, counts, offsets, statistics }, { tokens, experts, sigmoid, firstElement }) {
    for (let token = 0; token < tokens; token++) {
      const scoreSum = sigmoid === 1 ? rowSums[token] : 1;
      for (let e = 0; e < experts; e++) {
        const share = scores[token * experts + e] / scoreSum;
        // An entropy near log E says that the router does not choose yet; near 0 that it no longer explores.
        statistics[firstElement + 1] -= share * Math.log(Math.max(share, 1e-30));
        statistics[firstElement + 4 + 2 * experts + e] += share;
      }
      if (sigmoid === 0) statistics[firstElement + 2] += rowSums[token] ** 2;
    }
    statistics[firstElement] += tokens;
    for (let e = 0; e < experts; e++) {
      statistics[firstElement + 4 + e] += counts[e];
      statistics[firstElement + 4 + experts + e] += counts[e] - (offsets[e + 1] - offsets[e]);
      // Of this step alone, over its micro-batches: what the bias is moved by, and then cleared.
      statistics[firstElement + 4 + 3 * experts + e] += counts[e];
    }
  },
});

/** bias += rate · sign(mean load − load) of the step, unless it is not finite; the step's loads are left at zero. */
export const updateBiasKernel = defineKernel({
  name: 'routerStatistics.updateBias',
  role: 'statistics',
  arithmetic: 'router arithmetic',
  source: prologue + source,
  entryPoint: 'updateBias',
  dims: ['layers', 'experts', 'rate'],
  reads: ['metrics'],
  writes: ['statistics', 'bias'],
  tensors: ({ layers, experts }) => ({
    metrics: clippedMetrics,
    statistics: { shape: [layers, statisticsStride(experts)], fill: (uniform) => Math.floor(8 * uniform) },
    bias: { shape: [layers, experts] },
  }),
  selfTest: [{ layers: 2, experts: 67, rate: 0.01 }],
  calibration: [8, 16, 64].map((experts) => ({ layers: 4, experts, rate: 0.001 })),
  // a workgroup a layer: the mean needs all of its experts
  workgroups: ({ layers }) => layers,
  usefulFlops: ({ layers, experts }) => 4 * layers * experts,
  bytes: ({ layers, experts }) => 4 * 5 * layers * experts,
  reference({ metrics, statistics, bias }, { layers, experts, rate }) {
    for (let layer = 0; layer < layers; layer++) {
      const loads = layer * statisticsStride(experts) + 4 + 3 * experts;
      let sum = 0;
      for (let e = 0; e < experts; e++) sum += statistics[loads + e];
      for (let e = 0; e < experts; e++) {
        // The sign, not the difference: each step moves a bias by the same small rate (DeepSeek-V3, section
        // 2.1.2).
        const below = Math.sign(sum / experts - statistics[loads + e]);
        if (metrics[metricSlots.isFinite] === 1) bias[layer * experts + e] += rate * below;
        statistics[loads + e] = 0;
      }
    }
  },
});

/** Records one layer's numbers of a replay. `layer` counts the layers that have experts. */
export function recordStatistics(
  tape: Tape,
  { scores, rowSums }: Routing,
  { counts, offsets, experts }: Placement,
  statistics: Tensor,
  { layer, isSigmoid }: { readonly layer: number; readonly isSigmoid: boolean },
): void {
  const tokens = elementCount(rowSums.shape);
  const dims = {
    tokens,
    experts,
    sigmoid: isSigmoid ? 1 : 0,
    firstElement: layer * statisticsStride(experts),
  };
  tape.dispatch(gatherStatistics, dims, { scores, rowSums, counts, offsets, statistics });
}

/** Records the step of all routers' biases. bias: [layers with experts, E]; metrics as gradientNorm leaves them. */
export function updateRouterBias(
  tape: Tape,
  bias: Tensor,
  statistics: Tensor,
  metrics: Tensor,
  rate: number,
): void {
  const [layers = 1, experts = 1] = bias.shape;
  tape.dispatch(updateBiasKernel, { layers, experts, rate }, { metrics, statistics, bias });
}
