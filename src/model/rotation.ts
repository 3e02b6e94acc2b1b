// How fast each pair of a head's channels turns: the plain rotation, and those that stretch it for longer contexts.
import { rotatedSize } from './attention-config.ts';
import type { ModelConfig } from './config.ts';

/** A rotation of queries and keys. */
export interface Rotation {
  /** Radians a token, by pair; half as many as channels that turn. */
  readonly frequencies: Float64Array;
  /** What cosine and sine are multiplied by, of queries and of keys: scores are by its square. */
  readonly amplitude: number;
}

/** What a rotation depends on. */
export type RotationShape = Pick<
  ModelConfig,
  | ('attention' | 'headSize' | 'ropeHeadSize' | 'position' | 'ropeFraction' | 'context')
  | ('ropeBase' | 'localRopeBase' | 'ropeScaling' | 'ropeScalingFactor' | 'ropeOriginalContext')
  | ('ropeLowFrequencyFactor' | 'ropeHighFrequencyFactor' | 'ropeBetaFast' | 'ropeBetaSlow' | 'ropeTruncate')
  | ('ropeAttentionFactor' | 'ropeShortFactors' | 'ropeLongFactors')
>;

/**
 * The rotation of global layers, or of local ones with a base of their own, which is never stretched. Where a method depends on
 * the length of the sequence (dynamic, LongRoPE), it is that for as many tokens as the model's context.
 */
export function rotationOf(model: RotationShape, layers: 'global' | 'local'): Rotation {
  const size = rotatedSize(model);
  const pairs = Math.floor(size / 2);
  if (layers === 'local') return { frequencies: plain(pairs, size, model.localRopeBase), amplitude: 1 };
  const { ropeBase: base, ropeScalingFactor: factor } = model;
  switch (model.ropeScaling) {
    case 'none':
      return { frequencies: plain(pairs, size, base), amplitude: 1 };
    case 'linear':
      return { frequencies: plain(pairs, size, base).map((turn) => turn / factor), amplitude: 1 };
    case 'ntk':
      return { frequencies: plain(pairs, size, ntkBase(base, size, factor)), amplitude: 1 };
    case 'dynamic':
      return { frequencies: plain(pairs, size, dynamicBase(model, size)), amplitude: 1 };
    case 'llama3':
      return { frequencies: plain(pairs, size, base).map((turn) => llama3(turn, model)), amplitude: 1 };
    case 'yarn':
      return { frequencies: yarn(model, pairs, size), amplitude: amplitudeOf(model) };
    case 'longrope':
      return { frequencies: longRope(model, pairs, size), amplitude: amplitudeOf(model) };
    default:
      throw new Error(`rotation: ${model.ropeScaling satisfies never} is not known.`);
  }
}

/** Tokens that the model was trained for before its rotation was stretched. */
export function originalContext({
  ropeOriginalContext,
  context,
}: Pick<RotationShape, 'ropeOriginalContext' | 'context'>): number {
  return ropeOriginalContext || context;
}

/** The base that stretches the longest wavelength by the factor and leaves the shortest ("NTK-aware" scaling, 2023). */
export function ntkBase(base: number, size: number, factor: number): number {
  return size > 2 ? base * factor ** (size / (size - 2)) : base; // one pair has one wavelength, whatever the base
}

/** What cosine and sine are multiplied by where a configuration does not say it: YaRN's 0.1 · ln s + 1, LongRoPE's √(1 + ln s / ln T₀). */
export function derivedAmplitude(
  scaling: RotationShape['ropeScaling'],
  factor: number,
  original: number,
): number {
  if (scaling === 'yarn') return factor > 1 ? 0.1 * Math.log(factor) + 1 : 1;
  if (scaling === 'longrope') return factor > 1 ? Math.sqrt(1 + Math.log(factor) / Math.log(original)) : 1;
  return 1;
}

/** The numbers of a list in a field's text, such as "1,1.25,4". */
export function factorList(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}

/** θᵢ = base^(−2i / size) (Su et al. 2021). */
function plain(pairs: number, size: number, base: number): Float64Array {
  return Float64Array.from({ length: pairs }, (_, i) => base ** ((-2 * i) / size));
}

/** NTK-aware for the length at hand: nothing changes up to the trained context (Transformers' "dynamic"). */
function dynamicBase(model: RotationShape, size: number): number {
  const { ropeBase, ropeScalingFactor: factor, context } = model;
  const original = originalContext(model);
  return ntkBase(ropeBase, size, (factor * Math.max(context, original)) / original - (factor - 1));
}

/** Long wavelengths are stretched, short ones are not, with a ramp between them (Llama 3.1, Meta 2024). */
function llama3(turn: number, model: RotationShape): number {
  const { ropeScalingFactor: factor, ropeLowFrequencyFactor: low, ropeHighFrequencyFactor: high } = model;
  const turns = (originalContext(model) * turn) / (2 * Math.PI); // within the trained context
  if (turns > high) return turn;
  if (turns < low) return turn / factor;
  const kept = (turns - low) / (high - low);
  return ((1 - kept) * turn) / factor + kept * turn;
}

/** Pairs that turn less than β_slow times within the trained context are stretched, more than β_fast not (Peng et al. 2023). */
function yarn(model: RotationShape, pairs: number, size: number): Float64Array {
  const { ropeBase: base, ropeScalingFactor: factor, ropeTruncate } = model;
  const dimension = (turns: number) =>
    (size * Math.log(originalContext(model) / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [first, last] = [dimension(model.ropeBetaFast), dimension(model.ropeBetaSlow)];
  const from = Math.max(ropeTruncate ? Math.floor(first) : first, 0);
  const to = Math.min(ropeTruncate ? Math.ceil(last) : last, size - 1);
  const width = to === from ? 0.001 : to - from; // as Transformers, where both ends coincide
  return plain(pairs, size, base).map((turn, i) => {
    const stretched = Math.min(1, Math.max(0, (i - from) / width));
    return (turn / factor) * stretched + turn * (1 - stretched);
  });
}

/** A factor of its own for every pair, one list up to the trained context and one beyond (Ding et al. 2024). */
function longRope(model: RotationShape, pairs: number, size: number): Float64Array {
  const isLong = model.context > originalContext(model);
  const factors = factorList(isLong ? model.ropeLongFactors : model.ropeShortFactors);
  return plain(pairs, size, model.ropeBase).map((turn, i) => turn / (factors[i] ?? 1));
}

function amplitudeOf(model: RotationShape): number {
  const { ropeAttentionFactor, ropeScaling, ropeScalingFactor } = model;
  return ropeAttentionFactor || derivedAmplitude(ropeScaling, ropeScalingFactor, originalContext(model));
}
