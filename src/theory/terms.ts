// Press's Table 1 for any transformer that the lab builds: flops, activations and parameters, term by term.
//
// A multiply-add counts as TWO here, so that a term can stand beside the sum of its dispatches; press.ts counts one.
// For Press's shape (H·D = C, F = 4C, no rotary tables, untied head) every number equals his, twice the multiply-adds.

import { refuseInput, requirePositive } from './assumptions.ts';
import { type AttentionParts, type LatentShape, latentParts } from './latent-terms.ts';
import type { TransformerShape } from './shape.ts';

/** Terms of the cost of a model, in the order of a step. The last three stand in no closed form. */
export const costTerms = [
  'embedding',
  'norm',
  'qkv',
  'attention',
  'projection',
  'router',
  'ffn',
  'head',
  'loss',
  'optimizer',
  'other',
] as const;

/** One of `costTerms`. */
export type CostTerm = (typeof costTerms)[number];

/** A transformer as its costs see it; letters as everywhere (L, C, H, G, D, F, V). */
export interface TermShape extends TransformerShape {
  readonly hidden: number;
  /** Gate and up side by side: three matrices instead of two. */
  readonly gated: boolean;
  /** The head is the token table: no parameters of its own. */
  readonly tiedHead: boolean;
  /** Rows of a learned position table; 0 without one. */
  readonly positions: number;
  /** The linear layers of the blocks have biases: all of them, or by kind. */
  readonly bias: boolean | LinearBiases;
  /** Parameters of a norm per channel: scale alone, or scale and bias. */
  readonly normWeights: 1 | 2;
  /** A norm after the last block; Press leaves it out. */
  readonly finalNorm: boolean;
  /** Norms of one block; 2 unless given. */
  readonly normsPerLayer?: number;
  /** Tokens that each layer sees, the token itself included; all of them unless given. */
  readonly layerWindows?: readonly number[];
  /** RMSNorm of queries and keys: weights for a head, or for all heads of a token. */
  readonly headNorm?: 'head' | 'all';
  /** A learned score a head that takes part in the softmax. */
  readonly sinks?: boolean;
  /** Keys and values from one compressed vector a token; `headSize` is then that of keys without positions. */
  readonly latent?: LatentShape;
  /** Mixtures of experts in place of some layers' feed-forward part; without biases. */
  readonly experts?: ExpertShape;
}

/** Which linear layers of a block have biases. */
export interface LinearBiases {
  readonly qkv: boolean;
  readonly projection: boolean;
  readonly ffn: boolean;
}

/** A router and the feed-forward parts that it chooses from. */
export interface ExpertShape {
  /** Layers that have experts; the others are dense. */
  readonly layers: number;
  /** E, experts to choose from, and K, those that a token passes. */
  readonly total: number;
  readonly active: number;
  /** Channels inside an expert, and inside all shared experts together, which every token passes. */
  readonly hidden: number;
  readonly sharedHidden: number;
  /** A correction of each expert's score, which no gradient trains. */
  readonly routerBias: boolean;
}

/** What is computed: `queries` new tokens in each of `sequences`, with `keys` tokens to look at, the new ones included. */
export interface TermWork {
  readonly sequences: number;
  readonly queries: number;
  readonly keys: number;
}

/** One row of the generalised Table 1, over all layers. */
export interface TermCost {
  readonly term: CostTerm;
  /** Of one forward pass; attention over every pair of tokens, as Press counts it, or a window's tokens for each. */
  readonly forwardFlops: number;
  /** Values that one layer's inference writes, reused by the next layer: Press's column "data". Not what training keeps. */
  readonly activations: number;
  /** Values. */
  readonly parameters: number;
}

/** What the rows of `termCosts` count. */
export const termConvention =
  "Press's Table 1 (arXiv 2511.11572) for any shape: a multiply-add counts as two flops, attention over all pairs, or a " +
  "window's tokens for each token; " +
  "activations are one layer's inference working set, in values; forward and backward are three times forward.";

/** Flops of forward and backward over those of forward (Press, section 4): each product has two gradients. */
export const trainingFactor = 3;

/** The generalised Table 1. @throws an ImpossibleInputError for a size of zero */
export function termCosts(shape: TermShape, work: TermWork): TermCost[] {
  requireSizes(shape, work);
  const { layers, width, heads, vocabulary } = shape;
  const tokens = work.sequences * work.queries;
  const parts = attentionParts(shape);
  const mixed = heads * parts.valueSize;
  const has = biasesOf(shape);
  const norms = (shape.normsPerLayer ?? 2) * layers + (shape.finalNorm ? 1 : 0);
  const seen = windowsOf(shape).reduce((sum, window) => sum + Math.min(work.keys, window), 0);
  /** A matrix product per layer: 2 · tokens · weights. */
  const product = (term: CostTerm, weights: number, values: number, biases: number): TermCost => ({
    term,
    forwardFlops: 2 * tokens * weights * layers,
    activations: tokens * values,
    parameters: (weights + biases) * layers,
  });
  const table: TermCost[] = [
    {
      term: 'embedding',
      forwardFlops: 0,
      activations: tokens * width,
      parameters: (vocabulary + shape.positions) * width,
    },
    {
      term: 'norm',
      forwardFlops: 2 * tokens * (width * norms + parts.normed * layers),
      activations: 2 * tokens * width,
      parameters: shape.normWeights * width * norms + headNormWeights(shape, parts) * layers,
    },
    product('qkv', parts.weights, parts.values, has.qkv ? parts.values : 0),
    {
      term: 'attention',
      forwardFlops: 2 * tokens * seen * heads * (parts.keySize + parts.valueSize),
      activations: tokens * mixed,
      parameters: shape.sinks ? heads * layers : 0,
    },
    product('projection', mixed * width, width, has.projection ? width : 0),
    ...feedForwardCosts(shape, tokens),
    {
      term: 'head',
      forwardFlops: 2 * tokens * width * vocabulary,
      activations: tokens * vocabulary,
      parameters: shape.tiedHead ? 0 : width * vocabulary,
    },
  ];
  const uncounted = (['loss', 'optimizer', 'other'] as const).map((term) => {
    return { term, forwardFlops: 0, activations: 0, parameters: 0 };
  });
  return [...table, ...uncounted];
}

function attentionParts(shape: TermShape): AttentionParts {
  const { width, heads, keyValueHeads, headSize, headNorm, latent } = shape;
  if (latent) return latentParts(shape, latent);
  const values = (heads + 2 * keyValueHeads) * headSize;
  const normed = headNorm ? (heads + keyValueHeads) * headSize : 0;
  return { weights: width * values, values, keySize: headSize, valueSize: headSize, normed };
}

/** Weights of the norms between the projections of one layer: those of heads may be shared. */
function headNormWeights({ headSize, headNorm }: TermShape, { normed }: AttentionParts): number {
  return headNorm === 'head' ? 2 * headSize : normed;
}

function windowsOf({ layers, layerWindows }: TermShape): readonly number[] {
  return layerWindows ?? Array.from({ length: layers }, () => Number.POSITIVE_INFINITY);
}

function biasesOf({ bias }: TermShape): LinearBiases {
  return typeof bias === 'boolean' ? { qkv: bias, projection: bias, ffn: bias } : bias;
}

/** The dense layers, the router and its experts. A layer's working set is that of the largest layer. */
function feedForwardCosts(shape: TermShape, tokens: number): TermCost[] {
  const { layers, width, hidden, experts } = shape;
  const expanded = (size: number) => (shape.gated ? 2 : 1) * size;
  const weights = (size: number) => width * expanded(size) + size * width;
  const dense = layers - (experts?.layers ?? 0);
  const biases = biasesOf(shape).ffn ? expanded(hidden) + width : 0;
  const ffn: TermCost = {
    term: 'ffn',
    forwardFlops: 2 * tokens * weights(hidden) * dense,
    activations: dense > 0 ? tokens * (expanded(hidden) + width) : 0,
    parameters: (weights(hidden) + biases) * dense,
  };
  if (!experts) return [ffn];
  const { total, active, sharedHidden } = experts;
  const passed = active * experts.hidden + sharedHidden;
  return [
    {
      term: 'router',
      forwardFlops: 2 * tokens * width * total * experts.layers,
      activations: tokens * total,
      parameters: (width + (experts.routerBias ? 1 : 0)) * total * experts.layers,
    },
    {
      term: 'ffn',
      forwardFlops: ffn.forwardFlops + 2 * tokens * weights(passed) * experts.layers,
      activations: Math.max(ffn.activations, tokens * (expanded(passed) + width)),
      parameters: ffn.parameters + weights(total * experts.hidden + sharedHidden) * experts.layers,
    },
  ];
}

/**
 * Flops of attention's two products over the pairs that a causal mask and windows leave, all layers: of T keys, query t sees
 * the first t of its own and all earlier ones, but no more than a window. A whole sequence leaves (T + 1) / 2T of all pairs,
 * one new token all of them.
 */
export function causalAttentionFlops(shape: TermShape, { sequences, queries, keys }: TermWork): number {
  const pairs = windowsOf(shape).reduce(
    (sum, window) => sum + sequences * (pairsUpTo(keys, window) - pairsUpTo(keys - queries, window)),
    0,
  );
  const { keySize, valueSize } = attentionParts(shape);
  return 2 * pairs * shape.heads * (keySize + valueSize);
}

/** Pairs of the first `tokens` tokens, each with itself and those before it that its window holds. */
function pairsUpTo(tokens: number, window: number): number {
  const seen = Math.min(tokens, window);
  return seen * tokens - (seen * (seen - 1)) / 2;
}

/** One number over all terms. */
export function sumTerms(rows: readonly TermCost[], of: keyof Omit<TermCost, 'term'>): number {
  return rows.reduce((sum, row) => sum + row[of], 0);
}

function requireSizes(shape: TermShape, { sequences, queries, keys }: TermWork): void {
  const { layers, width, heads, keyValueHeads, headSize, hidden, vocabulary } = shape;
  const sizes = { layers, width, heads, keyValueHeads, headSize, hidden, vocabulary, sequences, queries };
  for (const [name, value] of Object.entries(sizes)) requirePositive('terms', name, value);
  if (keys >= queries) return;
  refuseInput(`terms: ${queries} new tokens cannot look at ${keys}. Count the new ones among the keys.`);
}
