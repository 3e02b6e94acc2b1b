// Press's closed forms of a transformer's costs: W. H. Press, "LLM Architecture, Scaling Laws, and Economics", arXiv 2511.11572.
// A multiply-add counts as ONE here, as in the paper; everywhere else in this project it counts as two.

import { pressAssumptions, refuseInput, requirePositive } from './assumptions.ts';
import type { TransformerShape } from './shape.ts';

/** What every count of this file counts. */
export const pressConvention =
  'Press, arXiv 2511.11572: a multiply-add counts as one flop; parameters, activations and cache in values; dollars are capital only.';

/** A transformer as the paper describes it: n context, V vocabulary, d width, L layers. Heads change no count. */
export interface PressModel extends Pick<TransformerShape, 'vocabulary' | 'width' | 'layers'> {
  /** n, tokens. */
  readonly context: number;
}

/** One row of Table 1: a forward pass over a full context. */
export interface PressRow {
  readonly task: string;
  /** True for rows that every layer has; counts below are of one layer then. */
  readonly isPerLayer: boolean;
  readonly multiplyAdds: number;
  /** Activations, values. */
  readonly data: number;
  /** Parameters, values. */
  readonly parameters: number;
}

/** What follows from Table 1 for a whole model. */
export interface PressCosts {
  /** 12L·d² + 4L·d + 2V·d */
  readonly parameters: number;
  /** Values of one layer and of the logits, reused by all layers: 13n·d + n·V. */
  readonly activations: number;
  /** Key and value cache: 2L·n·d values. */
  readonly cache: number;
  /** 12L·n·d² + 2L·n²·d + (2L + V)·n·d */
  readonly forwardMultiplyAdds: number;
  /** One more token with a cache: L·(12d² + 2n·d). */
  readonly incrementalMultiplyAdds: number;
  /** Tokens to train on (eq. 4): 20 per parameter give 240L·d² + 40V·d. */
  readonly optimalTokens: number;
  /** Forward and backward over one context (eq. 5): (6n²·d + 36n·d²)·L + 3V·n·d. */
  readonly trainingMultiplyAddsPerContext: number;
  /** The whole training, vocabulary terms left out (eq. 6): 240L²·d³·(6n + 36d) with 20 tokens per parameter. */
  readonly trainingMultiplyAdds: number;
}

/** Units of `PressCosts`. */
export const pressUnits: Readonly<Record<keyof PressCosts, string>> = {
  parameters: 'values',
  activations: 'values',
  cache: 'values',
  forwardMultiplyAdds: 'multiply-adds per full context',
  incrementalMultiplyAdds: 'multiply-adds per token',
  optimalTokens: 'tokens',
  trainingMultiplyAddsPerContext: 'multiply-adds per full context',
  trainingMultiplyAdds: 'multiply-adds',
};

/** Table 1 with the flash form of attention, which never keeps n² scores. @throws an ImpossibleInputError */
export function pressTable(model: PressModel): PressRow[] {
  requireSizes(model);
  const { context: n, vocabulary, width: d } = model;
  const row = (
    task: string,
    multiplyAdds: number,
    data: number,
    parameters: number,
    isPerLayer = true,
  ): PressRow => ({
    task,
    isPerLayer,
    multiplyAdds,
    data,
    parameters,
  });
  return [
    row('embedding', 0, n * d, vocabulary * d, false),
    row('query, key, value projections', 3 * n * d ** 2, 3 * n * d, 3 * d ** 2),
    row('attention', 2 * n ** 2 * d, n * d, 0),
    row('attention projection', n * d ** 2, n * d, d ** 2),
    row('feed-forward expand', 4 * n * d ** 2, 4 * n * d, 4 * d ** 2),
    row('feed-forward contract', 4 * n * d ** 2, n * d, 4 * d ** 2),
    row('norms', 2 * n * d, 2 * n * d, 4 * d),
    row('head', n * d * vocabulary, n * vocabulary, d * vocabulary, false),
  ];
}

/** Table 1 as it is printed, in the order of `pressTable`; one layer's share where the row is per layer. */
export const pressFormulas: readonly {
  readonly multiplyAdds: string;
  readonly data: string;
  readonly parameters: string;
}[] = [
  { multiplyAdds: '0', data: 'n·d', parameters: 'V·d' },
  { multiplyAdds: '3n·d²', data: '3n·d', parameters: '3d²' },
  { multiplyAdds: '2n²·d', data: 'n·d', parameters: '0' },
  { multiplyAdds: 'n·d²', data: 'n·d', parameters: 'd²' },
  { multiplyAdds: '4n·d²', data: '4n·d', parameters: '4d²' },
  { multiplyAdds: '4n·d²', data: 'n·d', parameters: '4d²' },
  { multiplyAdds: '2n·d', data: '2n·d', parameters: '4d' },
  { multiplyAdds: 'n·d·V', data: 'n·V', parameters: 'd·V' },
];

/** Values that naive attention keeps besides, one score per pair of tokens and head: H·n² (Table 1's remark). */
export function naiveAttentionValues({ context }: PressModel, heads: number): number {
  requirePositive('press', 'the number of heads', heads);
  return heads * context ** 2;
}

/** The closed forms of sections 3 to 5. @throws an ImpossibleInputError for a size of zero or tokens of zero */
export function pressCosts(
  model: PressModel,
  tokensPerParameter = pressAssumptions.tokensPerParameter,
): PressCosts {
  requireSizes(model);
  requirePositive('press', 'the number of tokens per parameter', tokensPerParameter);
  const { context: n, vocabulary, width: d, layers } = model;
  return {
    parameters: 12 * layers * d ** 2 + 4 * layers * d + 2 * vocabulary * d,
    activations: 13 * n * d + n * vocabulary,
    cache: 2 * layers * n * d,
    forwardMultiplyAdds:
      12 * layers * n * d ** 2 + 2 * layers * n ** 2 * d + (2 * layers + vocabulary) * n * d,
    incrementalMultiplyAdds: layers * (12 * d ** 2 + 2 * n * d),
    optimalTokens: tokensPerParameter * (12 * layers * d ** 2 + 2 * vocabulary * d),
    trainingMultiplyAddsPerContext: (6 * n ** 2 * d + 36 * n * d ** 2) * layers + 3 * vocabulary * n * d,
    // Tokens for the 12L·d² matrices alone, times equation 5 per token.
    trainingMultiplyAdds: 12 * tokensPerParameter * layers ** 2 * d ** 3 * (6 * n + 36 * d),
  };
}

function requireSizes({ context, vocabulary, width, layers }: PressModel): void {
  requirePositive('press', 'the context n', context);
  requirePositive('press', 'the width d', width);
  requirePositive('press', 'the number of layers L', layers);
  if (Number.isFinite(vocabulary) && vocabulary >= 0) return; // 0 leaves the vocabulary's terms out
  refuseInput(`press: the vocabulary V is impossible: ${vocabulary}. Give 0 or more.`);
}
