// The feed-forward part of a layer with experts: a router, the experts it chooses, and those that every token takes.
import { gatedActivation } from '../kernels/gated-activation.ts';
import { moe } from '../kernels/moe.ts';
import { statisticsStride, updateRouterBias } from '../kernels/router-statistics.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { expertLayers } from './experts-config.ts';
import { recordLinear } from './linear-layer.ts';
import { type ModelTensors, parameterOf, weightOf } from './tensors.ts';

/**
 * Records residual + experts(normed) of a layer that has experts.
 * @param normed [N, C]
 * @param residual [N, C], or none to get the experts' part alone
 * @param time T of the rows, for the random counters
 * @returns [N, C]
 */
export function recordExperts(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  normed: Tensor,
  residual: Tensor | undefined,
  time: number,
): Tensor {
  const { config, experts } = model;
  const { gated, activation: kind } = config;
  const prefix = `layers.${layer}.experts`;
  const index = expertLayers(config).indexOf(layer);
  const bias =
    config.routerBiasRate > 0
      ? { tensor: weightOf(model, 'routerBias'), offset: index * config.experts }
      : undefined;
  const shared = recordShared(tape, model, layer, normed, residual, time);
  return moe(
    tape,
    normed,
    {
      router: weightOf(model, `${prefix}.router`),
      expand: weightOf(model, `${prefix}.${gated ? 'gateUp' : 'expand'}`),
      contract: weightOf(model, `${prefix}.contract`),
    },
    {
      router: {
        perToken: config.expertsPerToken,
        score: config.routerScore,
        renormalize: config.renormalize,
        scale: config.routerScale,
        bias,
        noise: config.routerNoise,
        time,
      },
      gated,
      activation: kind,
      losses: {
        balance: config.balanceLoss * (experts?.lossShare ?? 1),
        zLoss: config.routerZLoss * (experts?.lossShare ?? 1),
      },
      capacityFactor: config.capacityFactor,
      residual: shared,
      statistics: experts && { tensor: experts.statistics, layer: index },
    },
  );
}

/** residual + the shared experts, all of them as one layer of their common size; the residual alone without any. */
function recordShared(
  tape: Tape,
  model: ModelTensors,
  layer: number,
  normed: Tensor,
  residual: Tensor | undefined,
  time: number,
): Tensor | undefined {
  const { sharedExperts, gated, activation: kind } = model.config;
  if (sharedExperts === 0) return residual;
  const prefix = `layers.${layer}.sharedExperts`;
  return tape.scope('shared', () => {
    const expanded = recordLinear(tape, model, `${prefix}.${gated ? 'gateUp' : 'expand'}`, normed, time, {
      name: 'shared expanded',
      activation: gated ? undefined : kind,
    });
    const hidden = gated ? gatedActivation(tape, expanded, kind) : expanded;
    return recordLinear(tape, model, `${prefix}.contract`, hidden, time, {
      residual,
      name: 'shared experts',
    });
  });
}

/** Records the step of the routers' biases after the gradient norm; nothing where the model has none. */
export function recordRouterBiases(tape: Tape, model: ModelTensors, metrics: Tensor): void {
  const { config, experts } = model;
  if (!experts || config.experts === 0 || config.routerBiasRate === 0) return;
  if (parameterOf(model, 'routerBias').isFrozen) return;
  tape.scope('router bias', () =>
    tape.term('router', () =>
      updateRouterBias(
        tape,
        weightOf(model, 'routerBias'),
        experts.statistics,
        metrics,
        config.routerBiasRate,
      ),
    ),
  );
}

/** What the routers of one layer did since the statistics were cleared. */
export interface ExpertStatistics {
  /** The layer, counted from 0 over all layers. */
  readonly layer: number;
  /** Tokens that were routed. */
  readonly tokens: number;
  /** Choices of each expert, the dropped included; they sum to tokens · k. */
  readonly load: readonly number[];
  /** Choices of each expert that found it full. */
  readonly dropped: readonly number[];
  /** Mean share of the scores of each expert; they sum to 1. */
  readonly meanProbability: readonly number[];
  /** Mean entropy of a token's shares in nats: ln E if all are equal, 0 if one expert has all. */
  readonly entropy: number;
  /** E · Σ f·P: 1 if balanced, up to E if one expert takes all. */
  readonly balance: number;
  /** Mean of (log Σ exp logits)²; 0 for sigmoid scores. */
  readonly squaredLogSum: number;
}

/** Reads the numbers of the statistics tensor by layer. All are 0 before the first step. */
export function expertStatisticsOf(
  config: ModelTensors['config'],
  values: ArrayLike<number>,
): ExpertStatistics[] {
  const { experts, expertsPerToken } = config;
  return expertLayers(config).map((layer, index) => {
    const first = index * statisticsStride(experts);
    const row = (i: number) => Array.from({ length: experts }, (_, e) => values[first + 4 + i * experts + e]);
    const tokens = values[first];
    const mean = (sum: number) => (tokens > 0 ? sum / tokens : 0);
    const load = row(0);
    const meanProbability = row(2).map(mean);
    const share = (e: number) => mean(load[e]) / expertsPerToken;
    return {
      layer,
      tokens,
      load,
      dropped: row(1),
      meanProbability,
      entropy: mean(values[first + 1]),
      balance: experts * meanProbability.reduce((sum, p, e) => sum + p * share(e), 0),
      squaredLogSum: mean(values[first + 2]),
    };
  });
}
