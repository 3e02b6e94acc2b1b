// What a model computes, free of how its configuration says it: settings without effect are left out.
import { significant } from '../../text/rounding.ts';
import { layerAttention, scoreScale } from '../attention-config.ts';
import { biasesOf, embeddingFactor } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { hasExperts } from '../experts-config.ts';
import { rotationOf } from '../rotation.ts';

/** Settings that change training only: no published config.json says them, and none of them changes a logit. */
export const trainingKeys = [
  'dropout',
  'balanceLoss',
  'routerZLoss',
  'routerNoise',
  'capacityFactor',
] as const satisfies readonly (keyof ModelConfig)[];

/** A text that is the same for two models exactly if they compute the same logits of the same parameters. */
export function arithmeticOf(model: ModelConfig): string {
  const { attention, position, layers } = model;
  const isLatent = attention === 'latent';
  const blocks = Array.from({ length: layers }, (_, layer) => layerArithmetic(model, layer));
  const isDense = blocks.some(({ experts }) => !experts);
  const { qkv, projection, ffn, norm } = biasesOf(model);
  return JSON.stringify([
    [model.width, model.context, model.vocabulary, model.tiedHead],
    [embeddingFactor(model), model.logitScale, model.logitSoftcap].map((value) => significant(value, 12)),
    [model.norm, model.normEpsilon, model.normPlacement, model.normOffset, norm],
    [model.parallelBlocks && model.parallelNorms, model.residualScale, model.skipConnections],
    position === 'rope' ? 'none' : position,
    [attention, model.heads, model.headSize, significant(scoreScale(model), 12)],
    [model.attentionSoftcap, model.attentionSinks, model.queryKeyNorm, qkv, projection],
    isLatent
      ? [model.latentSize, model.queryLatentSize, model.ropeHeadSize, model.valueHeadSize, model.latentNorm]
      : model.keyValueHeads,
    [model.activation, model.gated],
    isDense ? [model.hidden, ffn] : [],
    model.experts > 0 ? expertArithmetic(model) : [],
    rotations(model),
    blocks,
  ]);
}

function layerArithmetic(model: ModelConfig, layer: number) {
  const { window, isRotary, hasLocalRope } = layerAttention(model, layer);
  const rope = hasLocalRope ? 'local' : 'global';
  return { window, rope: isRotary ? rope : 'none', experts: hasExperts(model, layer) };
}

/** The rotations that layers have: what turns, and how fast, however a configuration says it. */
function rotations(model: ModelConfig) {
  if (model.position !== 'rope') return [];
  const layers = Array.from({ length: model.layers }, (_, layer) => layerAttention(model, layer));
  const used = layers.filter(({ isRotary }) => isRotary).map(({ hasLocalRope }) => hasLocalRope);
  return (['global', 'local'] as const)
    .filter((kind) => used.includes(kind === 'local'))
    .map((kind) => {
      const { frequencies, amplitude } = rotationOf(model, kind);
      return [kind, ...[...frequencies, amplitude].map((value) => significant(value, 12))];
    });
}

function expertArithmetic(model: ModelConfig) {
  const { experts, expertsPerToken, expertHidden, sharedExperts, sharedHidden } = model;
  return [
    [experts, expertsPerToken, expertHidden, sharedExperts * sharedHidden],
    [model.routerScore, model.renormalize, model.routerScale, model.routerBiasRate > 0],
  ];
}
