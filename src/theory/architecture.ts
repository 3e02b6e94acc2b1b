// Published transformers in numbers, and the closed form of their parameters: exact, term by term.

import type { CacheLayout } from './kv-cache.ts';
import { withWindows } from './kv-cache.ts';
import type { TransformerShape } from './shape.ts';

/** Low-rank attention as DeepSeek-V2 introduced it (arXiv 2405.04434, section 2.1). */
export interface LatentAttention {
  /** Rank of the query's compression. */
  readonly queryRank: number;
  /** d_c, rank of the compression of keys and values. */
  readonly latent: number;
  /** Channels of the key with rotary positions, shared by all heads. */
  readonly decoupledKey: number;
  /** Channels of a head's key without positions, and of its value. */
  readonly keySize: number;
  readonly valueSize: number;
}

/** The feed-forward part of a layer. */
export type FeedForward =
  | { readonly kind: 'dense'; readonly hidden: number; readonly gated: boolean }
  /** Gated experts; the first layers may be dense, or those between. */
  | {
      readonly kind: 'mixture';
      readonly experts: number;
      readonly expertsPerToken: number;
      readonly sharedExperts: number;
      /** F of one expert. */
      readonly hidden: number;
      readonly denseLayers: number;
      readonly denseHidden: number;
      /** A correction per expert instead of a loss that balances (DeepSeek-V3). */
      readonly routerBias: boolean;
    };

/** A decoder-only transformer; letters as everywhere. */
export interface Architecture extends TransformerShape {
  readonly context: number;
  readonly tiedHead: boolean;
  readonly learnedPositions: boolean;
  /** Biases of all linear layers but the head, and of the norms. */
  readonly bias: boolean;
  readonly normsPerLayer: 2 | 4;
  /** Scales of the norm of queries and keys: none, one of D for all heads, or one of all heads' channels. */
  readonly queryKeyNorm: 'none' | 'perHead' | 'allHeads';
  readonly feedForward: FeedForward;
  readonly latentAttention?: LatentAttention;
  /**
   * Windows in all layers but every `globalEvery`-th: sliding, or chunks, of which a token sees its own. A cache holds as many
   * tokens of either.
   */
  readonly windows?: { readonly size: number; readonly globalEvery: number; readonly isChunked?: boolean };
}

/** A number of parameters with what it counts. */
export interface NamedCount {
  readonly convention: string;
  readonly parameters: number;
}

/** Parameters by term, in values. A tied head is 0 here and counted as embedding. */
export interface ParameterCount {
  readonly embedding: number;
  readonly positions: number;
  readonly attention: number;
  readonly feedForward: number;
  readonly router: number;
  readonly norms: number;
  readonly head: number;
  readonly total: number;
  /** What one token uses, by each convention. */
  readonly active: readonly NamedCount[];
}

/** Counts every trained number. */
export function countArchitecture(model: Architecture): ParameterCount {
  const { layers, width, vocabulary } = model;
  const embedding = vocabulary * width;
  const positions = model.learnedPositions ? model.context * width : 0;
  const attention = layers * attentionParameters(model);
  const { all: feedForward, used, router } = feedForwardParameters(model);
  const norms =
    (layers * model.normsPerLayer + 1) * width * (model.bias ? 2 : 1) + layers * innerNorms(model);
  const head = model.tiedHead ? 0 : embedding;
  const body = attention + router + norms;
  const active = body + used;
  return {
    embedding,
    positions,
    attention,
    feedForward,
    router,
    norms,
    head,
    total: embedding + positions + body + feedForward + head,
    active: [
      {
        convention: 'top-k and shared experts; embedding table and head whole',
        parameters: embedding + positions + active + head,
      },
      {
        convention: 'top-k and shared experts; head, but no table that is only looked up',
        parameters: active + embedding, // the head has as many, tied or not
      },
    ],
  };
}

/** The matrices of one layer's attention, with their biases. */
function attentionParameters(model: Architecture): number {
  const { width, heads, keyValueHeads, headSize, bias, latentAttention } = model;
  if (!latentAttention) {
    const query = heads * headSize;
    const keyAndValue = 2 * keyValueHeads * headSize;
    return width * (2 * query + keyAndValue) + (bias ? query + keyAndValue + width : 0);
  }
  const { queryRank, latent, decoupledKey, keySize, valueSize } = latentAttention;
  const query = width * queryRank + queryRank * heads * (keySize + decoupledKey);
  const keyAndValue = width * (latent + decoupledKey) + latent * heads * (keySize + valueSize);
  return query + keyAndValue + heads * valueSize * width;
}

/** One gated expert: gate, up and down. */
export function expertParameters(width: number, hidden: number): number {
  return 3 * width * hidden;
}

function feedForwardParameters({ layers, width, bias, feedForward }: Architecture): {
  readonly all: number;
  readonly used: number;
  readonly router: number;
} {
  if (feedForward.kind === 'dense') {
    const { hidden, gated } = feedForward;
    const biases = bias ? (gated ? 2 : 1) * hidden + width : 0;
    const all = layers * ((gated ? 3 : 2) * width * hidden + biases);
    return { all, used: all, router: 0 };
  }
  const { experts, expertsPerToken, sharedExperts, hidden, denseLayers, denseHidden, routerBias } =
    feedForward;
  const mixtures = layers - denseLayers;
  const expert = expertParameters(width, hidden);
  const dense = denseLayers * expertParameters(width, denseHidden);
  return {
    all: dense + mixtures * (experts + sharedExperts) * expert,
    used: dense + mixtures * (expertsPerToken + sharedExperts) * expert,
    router: mixtures * (experts * width + (routerBias ? experts : 0)),
  };
}

/** Norms inside a layer's attention: of queries and keys, or of the compressed vectors. */
function innerNorms({ heads, keyValueHeads, headSize, queryKeyNorm, latentAttention }: Architecture): number {
  if (latentAttention) return latentAttention.queryRank + latentAttention.latent;
  if (queryKeyNorm === 'none') return 0;
  return queryKeyNorm === 'perHead' ? 2 * headSize : (heads + keyValueHeads) * headSize;
}

/** What the model's cache of keys and values holds. */
export function cacheOfArchitecture(model: Architecture): CacheLayout {
  const { layers, heads, keyValueHeads, headSize, latentAttention, windows } = model;
  const entry = latentAttention
    ? ({
        kind: 'latent',
        latent: latentAttention.latent,
        decoupledKey: latentAttention.decoupledKey,
      } as const)
    : ({ kind: 'heads', keyValueHeads, headSize } as const);
  const layout: CacheLayout = { heads, headSize, groups: [{ layers, entry }] };
  return windows ? withWindows(layout, windows.size, windows.globalEvery) : layout;
}
