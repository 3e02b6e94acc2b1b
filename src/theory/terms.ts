// Press's Table 1 for any transformer that the lab builds: flops, activations and parameters, term by term.
//
// A multiply-add counts as TWO here, so that a term can stand beside the sum of its dispatches; press.ts counts one.
// For Press's shape (H·D = C, F = 4C, no rotary tables, untied head) every number equals his, twice the multiply-adds.
import { refuseInput, requirePositive } from './assumptions.ts';

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
export interface TermShape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly hidden: number;
  /** Gate and up side by side: three matrices instead of two. */
  readonly gated: boolean;
  readonly vocabulary: number;
  /** The head is the token table: no parameters of its own. */
  readonly tiedHead: boolean;
  /** Rows of a learned position table; 0 without one. */
  readonly positions: number;
  /** The linear layers of the blocks have biases. */
  readonly bias: boolean;
  /** Parameters of a norm per channel: scale alone, or scale and bias. */
  readonly normWeights: 1 | 2;
  /** A norm after the last block; Press leaves it out. */
  readonly finalNorm: boolean;
  /** Feed-forward layers to choose from and those that a token passes; one of one without experts. */
  readonly experts?: { readonly total: number; readonly active: number };
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
  /** Of one forward pass; attention over every pair of tokens, as Press counts it. */
  readonly forwardFlops: number;
  /** Values that one layer's inference writes, reused by the next layer: Press's column "data". Not what training keeps. */
  readonly activations: number;
  /** Values. */
  readonly parameters: number;
}

/** What the rows of `termCosts` count. */
export const termConvention =
  "Press's Table 1 (arXiv 2511.11572) for any shape: a multiply-add counts as two flops, attention over all pairs; " +
  "activations are one layer's inference working set, in values; forward and backward are three times forward.";

/** Flops of forward and backward over those of forward (Press, section 4): each product has two gradients. */
export const trainingFactor = 3;

/** The generalised Table 1. @throws an ImpossibleInputError for a size of zero */
export function termCosts(shape: TermShape, work: TermWork): TermCost[] {
  requireSizes(shape, work);
  const { layers, width, heads, headSize, hidden, vocabulary } = shape;
  const tokens = work.sequences * work.queries;
  const query = heads * headSize;
  const qkv = query + 2 * shape.keyValueHeads * headSize;
  const bias = shape.bias ? 1 : 0;
  const expanded = shape.gated ? 2 * hidden : hidden;
  const expert = width * expanded + hidden * width;
  const { total, active } = shape.experts ?? { total: 1, active: 1 };
  const norms = 2 * layers + (shape.finalNorm ? 1 : 0);
  /** A matrix product per layer: 2 · tokens · weights. */
  const product = (term: CostTerm, weights: number, values: number, biases: number): TermCost => ({
    term,
    forwardFlops: 2 * tokens * weights * layers,
    activations: tokens * values,
    parameters: (weights + bias * biases) * layers,
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
      forwardFlops: 2 * tokens * width * norms,
      activations: 2 * tokens * width,
      parameters: shape.normWeights * width * norms,
    },
    product('qkv', width * qkv, qkv, qkv),
    {
      term: 'attention',
      forwardFlops: 4 * tokens * work.keys * query * layers,
      activations: tokens * query,
      parameters: 0,
    },
    product('projection', query * width, width, width),
    ...(shape.experts ? [product('router', width * total, total, 0)] : []),
    {
      ...product('ffn', active * expert, active * expanded + width, 0),
      parameters: total * (expert + bias * (expanded + width)) * layers,
    },
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

/**
 * Flops of attention's two products over the pairs that a causal mask leaves, all layers: of T keys, query t sees the
 * first t of its own and all earlier ones. A whole sequence leaves (T + 1) / 2T of all pairs, one new token all of them.
 */
export function causalAttentionFlops(shape: TermShape, { sequences, queries, keys }: TermWork): number {
  const pairs = sequences * (queries * keys - (queries * (queries - 1)) / 2);
  return 4 * pairs * shape.heads * shape.headSize * shape.layers;
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
