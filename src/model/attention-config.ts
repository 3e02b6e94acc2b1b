// What a configuration says of attention beyond its heads: latents, windows, norms, caps, sinks and positions by layer.
import { type CacheFormat, type CacheRow, rowElements } from '../plan/quantised-cache.ts';
import { significant } from '../text/rounding.ts';
import type { BiasSwitch } from './block-config.ts';

/** The part of a model's configuration that is about how attention is computed. */
export type AttentionConfig = {
  /** `heads` projects queries, keys and values; `latent` keys and values from one compressed vector a token. */
  readonly attention: 'heads' | 'latent';
  /** Channels of the compressed keys and values: what a cache holds of a token, with the rotated key. */
  readonly latentSize: number;
  /** Channels of compressed queries; 0 projects queries at once. */
  readonly queryLatentSize: number;
  /** Channels of the one rotated key that all heads share, and of each query's part for it. */
  readonly ropeHeadSize: number;
  /** Channels of one value head of latent attention. */
  readonly valueHeadSize: number;
  /** RMSNorm on compressed keys and values, and on compressed queries. */
  readonly latentNorm: boolean;
  /** Tokens that a local layer sees, the token itself included. */
  readonly window: number;
  /** L local, G global, one letter a layer, repeated; empty for global layers only. */
  readonly windowPattern: string;
  /** RoPE base of local layers; 0 for that of the others. */
  readonly localRopeBase: number;
  /** R rotary, N none, one letter a layer, repeated; empty for all alike. */
  readonly positionPattern: string;
  /** RMSNorm of queries and keys, before rotation: of each head, or of all heads of a token together. */
  readonly queryKeyNorm: 'none' | 'head' | 'all';
  /** Scores become cap · tanh(score ÷ cap); 0 leaves them. */
  readonly attentionSoftcap: number;
  /** A learned logit a head that takes part in the softmax and adds nothing. */
  readonly attentionSinks: boolean;
  /** Factor of query · key; 0 for 1 / √(their size). */
  readonly attentionScale: number;
  /** How the rotation is stretched (rotation.ts); not in local layers with a base of their own. */
  readonly ropeScaling: 'none' | 'linear' | 'ntk' | 'dynamic' | 'llama3' | 'yarn' | 'longrope';
  readonly ropeScalingFactor: number;
  /** T₀, tokens that the model was trained for before; 0 for the context. */
  readonly ropeOriginalContext: number;
  /** Turns within T₀ below which a pair is stretched wholly (llama3). */
  readonly ropeLowFrequencyFactor: number;
  /** Turns within T₀ above which a pair is left as it is (llama3). */
  readonly ropeHighFrequencyFactor: number;
  /** The same of YaRN: turns above which a pair is left, and below which it is stretched. */
  readonly ropeBetaFast: number;
  readonly ropeBetaSlow: number;
  /** Whether YaRN's ramp begins and ends at whole pairs. */
  readonly ropeTruncate: boolean;
  /** What YaRN and LongRoPE multiply cosine and sine by; 0 derives it from the factor. */
  readonly ropeAttentionFactor: number;
  /** LongRoPE's divisors of frequencies, pair by pair, with commas: up to T₀ tokens, and beyond. */
  readonly ropeShortFactors: string;
  readonly ropeLongFactors: string;
  /** Part of each head that is rotated, its first channels. */
  readonly ropeFraction: number;
};

/** Longest context that a configuration may ask for; windows beyond it hide nothing. Tokens. */
export const longestContext = 2 ** 24;

/** The settings of GPT-2 and Llama, which are the defaults. */
export const plainAttention: AttentionConfig = {
  attention: 'heads',
  latentSize: 64,
  queryLatentSize: 0,
  ropeHeadSize: 0,
  valueHeadSize: 0,
  latentNorm: true,
  window: 256,
  windowPattern: '',
  localRopeBase: 0,
  positionPattern: '',
  queryKeyNorm: 'none',
  attentionSoftcap: 0,
  attentionSinks: false,
  attentionScale: 0,
  ropeScaling: 'none',
  ropeScalingFactor: 4,
  ropeOriginalContext: 0,
  ropeLowFrequencyFactor: 1,
  ropeHighFrequencyFactor: 4,
  ropeBetaFast: 32,
  ropeBetaSlow: 1,
  ropeTruncate: true,
  ropeAttentionFactor: 0,
  ropeShortFactors: '',
  ropeLongFactors: '',
  ropeFraction: 1,
};

/** What attention needs of the rest of a model. */
export type AttentionShape = AttentionConfig & {
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly context: number;
  readonly position: 'learned' | 'rope' | 'sinusoidal' | 'none';
  readonly ropeBase: number;
  readonly qkvBias?: BiasSwitch;
};

/** Attention of one layer. */
export interface LayerAttention {
  /** Tokens that are seen, the token itself included; the context where the layer is global. */
  readonly window: number;
  readonly isLocal: boolean;
  readonly isRotary: boolean;
  /** Whether it rotates by the base of local layers, whose windows may be as long as the context. */
  readonly hasLocalRope: boolean;
}

/** Whether the pattern makes a layer local, counted from 0, however long its window is. */
export function isLocalByPattern(
  { windowPattern }: Pick<AttentionShape, 'windowPattern'>,
  layer: number,
): boolean {
  return letterOf(windowPattern, layer) === 'L';
}

function letterOf(pattern: string, layer: number): string | undefined {
  return pattern[layer % Math.max(1, pattern.length)];
}

/** What layer `layer`, counted from 0, sees, and whether it rotates. */
export function layerAttention(model: AttentionShape, layer: number): LayerAttention {
  const { positionPattern, window, context, position, localRopeBase } = model;
  const isMarked = isLocalByPattern(model, layer);
  const isLocal = isMarked && window < context;
  const isRotary = position === 'rope' && letterOf(positionPattern, layer) !== 'N';
  return {
    window: isLocal ? window : context,
    isLocal,
    isRotary,
    hasLocalRope: isRotary && isMarked && localRopeBase > 0,
  };
}

/** Channels of a query's product with a key: D, and the rotated part of latent attention. */
export function scoreSize({
  attention,
  headSize,
  ropeHeadSize,
}: Pick<AttentionShape, 'attention' | 'headSize' | 'ropeHeadSize'>): number {
  return attention === 'latent' ? headSize + ropeHeadSize : headSize;
}

/** Factor of query · key. */
export function scoreScale(
  model: Pick<AttentionShape, 'attention' | 'headSize' | 'ropeHeadSize' | 'attentionScale'>,
): number {
  return model.attentionScale || 1 / Math.sqrt(scoreSize(model));
}

/** Channels of a head that are rotated, its first ones; 0 without rotary positions. */
export function rotatedSize(
  model: Pick<AttentionShape, 'attention' | 'headSize' | 'ropeHeadSize' | 'position' | 'ropeFraction'>,
): number {
  if (model.position !== 'rope') return 0;
  return model.attention === 'latent'
    ? model.ropeHeadSize
    : Math.round(model.ropeFraction * model.headSize * 1e6) / 1e6;
}

/** What one layer's cache holds of a token. */
export function cacheRow(model: AttentionShape): CacheRow {
  const { attention, latentSize, ropeHeadSize, keyValueHeads, headSize } = model;
  return attention === 'latent'
    ? { parts: 1, firstSize: latentSize, secondSize: ropeHeadSize }
    : { parts: keyValueHeads, firstSize: headSize, secondSize: headSize };
}

/** Elements of a row of one layer's cache: numbers, or words of quantised ones. */
export function cacheWidth(model: AttentionShape, format: CacheFormat = 'f32'): number {
  return rowElements(cacheRow(model), format);
}

/**
 * Tokens that the cache of a layer holds: a local layer keeps its window only, as a ring, and a row more for each further token
 * that is run through the model together with one.
 */
export function cacheLength(model: AttentionShape, layer: number, together = 1): number {
  return Math.min(model.context, layerAttention(model, layer).window + together - 1);
}

/** Tokens that every layer sees, and its cache holds. */
export function shortestWindow(model: AttentionShape & { readonly layers: number }): number {
  return Math.min(...Array.from({ length: model.layers }, (_, layer) => cacheLength(model, layer)));
}

/** The size of the shared rotated key where none is given: half of a head, in pairs; 0 where nothing is rotated. */
export function derivedRopeHeadSize({
  attention,
  position,
  headSize,
}: Pick<AttentionShape, 'attention' | 'position' | 'headSize'>): number {
  if (attention !== 'latent' || position !== 'rope') return 0;
  return Math.max(2, 2 * Math.round(headSize / 4));
}

type Report = (path: string, what: string) => void;

/** Says what cannot be: `report` gets the field's path and the rest of a sentence. */
export function checkAttention(model: AttentionShape, report: Report): void {
  checkPattern(model, 'windowPattern', report);
  checkPattern(model, 'positionPattern', report);
  if (model.positionPattern.includes('N') && model.position !== 'rope') {
    report(
      'model.positionPattern',
      `N leaves out rotary positions, and model.position is ${model.position}. Use rope, or no pattern.`,
    );
  }
  if (model.attention === 'latent') checkLatent(model, report);
  else checkRotatedPart(model, report);
  if (model.position === 'rope') checkScaling(model, report);
}

/** What a stretched rotation needs besides its factor. */
function checkScaling(model: AttentionShape, report: Report): void {
  const { ropeScaling, ropeLowFrequencyFactor: low, ropeHighFrequencyFactor: high } = model;
  if (ropeScaling === 'llama3' && low >= high) {
    report(
      'model.ropeHighFrequencyFactor',
      `${high} is not above model.ropeLowFrequencyFactor ${low}. Use 1 and 4.`,
    );
  }
  if (ropeScaling === 'yarn' && model.ropeBase <= 1) {
    report(
      'model.ropeBase',
      `${model.ropeBase} gives all pairs one wavelength, which YaRN cannot rank. Use 10000.`,
    );
  }
  if (ropeScaling !== 'longrope') return;
  const pairs = rotatedSize(model) / 2;
  for (const key of ['ropeShortFactors', 'ropeLongFactors'] as const) {
    const factors = model[key] === '' ? [] : model[key].split(',').map(Number);
    const isRight =
      factors.length === pairs && factors.every((factor) => factor > 0 && Number.isFinite(factor));
    if (!isRight) {
      report(
        `model.${key}`,
        `it has ${factors.length} numbers, and ${pairs} pairs of a head turn. Give ${pairs} numbers above 0, with commas.`,
      );
    }
  }
}

function checkPattern(model: AttentionShape, key: 'windowPattern' | 'positionPattern', report: Report): void {
  const pattern = model[key];
  if (pattern.length > model.layers) {
    report(
      `model.${key}`,
      `${pattern} has ${pattern.length} letters, more than model.layers ${model.layers}. Use at most ${model.layers}.`,
    );
  }
}

function checkRotatedPart(model: AttentionShape, report: Report): void {
  const rotated = rotatedSize(model);
  if (rotated === 0 || (Number.isInteger(rotated) && rotated % 2 === 0)) return;
  if (model.ropeFraction === 1) return; // an odd head size is reported by itself
  const least = 2 / model.headSize;
  report(
    'model.ropeFraction',
    `${model.ropeFraction} of heads of ${model.headSize} rotates ${rotated} channels, but they turn in pairs. ` +
      `Use a multiple of ${significant(least, 6)}.`,
  );
}

function checkLatent(model: AttentionShape, report: Report): void {
  const { heads, keyValueHeads, headSize, valueHeadSize, ropeHeadSize, latentSize, queryLatentSize } = model;
  const most = heads * (headSize + valueHeadSize);
  if (latentSize > most) {
    report(
      'model.latentSize',
      `${latentSize} is more than the ${most} channels of keys and values that it compresses ` +
        `(model.heads ${heads} × ${headSize} + ${valueHeadSize}). Use less.`,
    );
  }
  const queries = heads * (headSize + ropeHeadSize);
  if (queryLatentSize > queries) {
    report(
      'model.queryLatentSize',
      `${queryLatentSize} is more than the ${queries} channels of queries that it compresses. Use less, or 0 for none.`,
    );
  }
  if (keyValueHeads !== heads) {
    report(
      'model.keyValueHeads',
      `${keyValueHeads} shares keys and values, which model.attention latent compresses instead. Use 0.`,
    );
  }
  if (ropeHeadSize % 2 === 1) {
    report(
      'model.ropeHeadSize',
      `${ropeHeadSize} is odd, but rotary positions turn pairs. Use an even size.`,
    );
  }
  if (model.position !== 'rope' && ropeHeadSize > 0) {
    report(
      'model.ropeHeadSize',
      `${ropeHeadSize} is a rotated key's, and model.position is ${model.position}. Use 0, or position rope.`,
    );
  }
  if (headSize + ropeHeadSize > 256) {
    report(
      'model.ropeHeadSize',
      `${ropeHeadSize} with model.headSize ${headSize} makes keys of ${headSize + ropeHeadSize}, more than 256. Use less.`,
    );
  }
  const onlyHeads: readonly (readonly [string, boolean])[] = [
    ['model.windowPattern', model.windowPattern.includes('L')],
    ['model.positionPattern', model.positionPattern.includes('N')],
    ['model.qkvBias', model.qkvBias === 'on'],
    ['model.queryKeyNorm', model.queryKeyNorm !== 'none'],
    ['model.attentionSinks', model.attentionSinks],
    ['model.ropeFraction', model.ropeFraction !== 1],
  ];
  for (const [path, isAsked] of onlyHeads) {
    if (isAsked) report(path, 'needs model.attention heads, and it is latent. Leave it out, or use heads.');
  }
}
