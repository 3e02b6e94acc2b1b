// Solves the shape of a model: width, heads and hidden size for wanted parameters, d/√N and r, on the grid of whole sizes.

import type { ParameterCount } from '../../laws/run-point.ts';
import { type ModelConfig, parseModel } from '../../model/config.ts';
import { parameterSpecs } from '../../model/parameters.ts';
import { formatDigits } from '../../text/numbers.ts';
import { refuseStudy } from './study.ts';

/** A model as a law sees it. */
export interface Shape {
  /** N, as the study counts it. */
  readonly parameters: number;
  /** N by every way to count. */
  readonly counts: Readonly<Record<ParameterCount, number>>;
  readonly width: number;
  /** d / √N, N of the blocks' matrices. */
  readonly ratio: number;
  /** r: matrices of feed-forward layers over those of attention. */
  readonly mlpToAttention: number;
}

/** What is wanted; what is absent stays as the base has it. */
export interface WantedShape {
  /** Parameters of the blocks' matrices. */
  readonly parameters?: number;
  readonly ratio?: number;
  readonly mlpToAttention?: number;
}

/** The shape of a model. @param vocabulary of the text, where N takes in embeddings or head */
export function shapeOf(model: ModelConfig, count: ParameterCount, vocabulary: number): Shape {
  const { attention, feedForward } = blockMatrices(model);
  const blocks = attention + feedForward;
  const head = vocabulary * model.width;
  const positions = model.position === 'learned' ? model.context * model.width : 0;
  const counts = {
    blocks,
    withHead: blocks + head,
    all: blocks + head * (model.tiedHead ? 1 : 2) + positions,
  };
  return {
    parameters: counts[count],
    counts,
    width: model.width,
    ratio: model.width / Math.sqrt(blocks),
    mlpToAttention: feedForward / attention,
  };
}

/** Elements of the blocks' matrices; norms and biases are left out (Kaplan et al. 2020, § 2.1). */
function blockMatrices(model: ModelConfig): { attention: number; feedForward: number } {
  let [attention, feedForward] = [0, 0];
  for (const { name, shape, decay } of parameterSpecs({ ...model, vocabulary: model.vocabulary || 1 })) {
    if (!decay || !name.startsWith('layers.')) continue;
    const size = shape.reduce((product, length) => product * length, 1);
    if (name.includes('.attention.')) attention += size;
    else feedForward += size;
  }
  return { attention, feedForward };
}

/**
 * The model nearest to what is wanted: depth, head size and groups of the base are kept; width, heads and hidden size
 * are whole. @throws LabError if the nearest is off by more than `tolerance` in any of the three
 */
export function solveShape(base: ModelConfig, wanted: WantedShape, tolerance: number): ModelConfig {
  if (base.attention === 'latent' || base.experts > 0)
    refuseStudy(
      'shapes can be solved for dense models with heads. Give model.width and the rest by themselves.',
    );
  const now = shapeOf(base, 'blocks', 1);
  const target = {
    parameters: wanted.parameters ?? now.parameters,
    mlpToAttention: wanted.mlpToAttention ?? now.mlpToAttention,
    ratio: wanted.ratio ?? now.ratio,
  };
  // Without a wanted ratio the heads keep their share of the width, as in the base: then N alone fixes the width.
  const width = wanted.ratio
    ? wanted.ratio * Math.sqrt(target.parameters)
    : base.width *
      Math.sqrt(
        ((target.parameters / now.parameters) * (1 + now.mlpToAttention)) / (1 + target.mlpToAttention),
      );
  let best: { model: ModelConfig; miss: number; worst: number; shape: Shape } | undefined;
  for (const candidate of candidates(base, width, target)) {
    const parsed = parseModel(candidate);
    if (parsed.kind !== 'ok') continue;
    const shape = shapeOf(parsed.model, 'blocks', 1);
    const off = [
      shape.parameters / target.parameters,
      shape.mlpToAttention / target.mlpToAttention,
      wanted.ratio ? shape.ratio / wanted.ratio : 1,
    ].map((quotient) => Math.abs(Math.log(quotient)));
    // N counts most: loss moves with it directly, with the shape only about its optimum.
    const miss = 4 * off[0] ** 2 + off[1] ** 2 + off[2] ** 2;
    if (!best || miss < best.miss) best = { model: parsed.model, miss, worst: Math.max(...off), shape };
  }
  if (best && Math.expm1(best.worst) <= tolerance) return best.model;
  const asked = describe(target.parameters, wanted.ratio, target.mlpToAttention);
  const found = best
    ? describe(best.shape.parameters, wanted.ratio && best.shape.ratio, best.shape.mlpToAttention)
    : 'none';
  return refuseStudy(
    `no whole width, heads and hidden size within ${100 * tolerance} % of ${asked} at ${base.layers} layers and head size ` +
      `${base.headSize}; the nearest: ${found}. Ask for another shape, a smaller head size or more parameters.`,
  );
}

function* candidates(
  base: ModelConfig,
  width: number,
  target: { readonly parameters: number; readonly mlpToAttention: number },
): Generator<ModelConfig> {
  const { headSize, layers } = base;
  const group = base.heads / base.keyValueHeads;
  // Kernels like widths in fours; tiny models need finer steps.
  const unit = width >= 32 ? 4 : width >= 12 ? 2 : 1;
  const perLayer = target.parameters / layers;
  const widths = new Set(
    [Math.floor(width / unit), Math.ceil(width / unit)].map((n) => Math.max(1, n) * unit),
  );
  for (const d of widths) {
    const perHead = d * headSize * (2 + 2 / group);
    const heads = perLayer / (1 + target.mlpToAttention) / perHead;
    for (const h of new Set([Math.floor(heads / group), Math.ceil(heads / group)])) {
      const count = Math.max(1, h) * group;
      const left = perLayer - count * perHead;
      const exact = left / (d * (base.gated ? 3 : 2));
      const step = exact >= 32 ? 4 : 1;
      const hidden = Math.max(1, Math.round(exact / step) * step);
      yield {
        ...base,
        width: d,
        heads: count,
        keyValueHeads: count / group,
        hidden,
        expertHidden: hidden,
        sharedHidden: hidden,
      };
    }
  }
}

function describe(parameters: number, ratio: number | undefined, mlpToAttention: number): string {
  const parts = [`N ${Math.round(parameters)}`, ratio && `d/√N ${formatDigits(ratio)}`];
  return [...parts, `r ${formatDigits(mlpToAttention)}`].filter(Boolean).join(', ');
}
