// Architectures of published families from a few sizes each: GPT-2, Llama and its relatives, DeepSeek-V3.
import type { Architecture } from './architecture.ts';

/** GPT-2 of so many layers. */
export const gpt2 = (layers: number, width: number, heads: number): Architecture => ({
  layers,
  width,
  heads,
  keyValueHeads: heads,
  headSize: 64,
  context: 1024,
  vocabulary: 50_257,
  tiedHead: true,
  learnedPositions: true,
  bias: true,
  normsPerLayer: 2,
  queryKeyNorm: 'none',
  feedForward: { kind: 'dense', hidden: 4 * width, gated: false },
});

/** L, C, H, G, D, F, T, V of a model of Llama's kind. */
export type LlamaSizes = readonly [
  layers: number,
  width: number,
  heads: number,
  keyValueHeads: number,
  headSize: number,
  hidden: number,
  context: number,
  vocabulary: number,
];

/** A model of Llama's kind, and what is other about it. */
export const llama = (sizes: LlamaSizes, other: Partial<Architecture> = {}): Architecture => {
  const [layers, width, heads, keyValueHeads, headSize, hidden, context, vocabulary] = sizes;
  return {
    layers,
    width,
    heads,
    keyValueHeads,
    headSize,
    context,
    vocabulary,
    tiedHead: false,
    learnedPositions: false,
    bias: false,
    normsPerLayer: 2,
    queryKeyNorm: 'none',
    feedForward: { kind: 'dense', hidden, gated: true },
    ...other,
  };
};

/** DeepSeek-V3. */
export const deepSeekV3: Architecture = llama([61, 7168, 128, 128, 128, 2048, 163_840, 129_280], {
  feedForward: {
    kind: 'mixture',
    experts: 256,
    expertsPerToken: 8,
    sharedExperts: 1,
    hidden: 2048,
    denseLayers: 3,
    denseHidden: 18_432,
    routerBias: true,
  },
  latentAttention: { queryRank: 1536, latent: 512, decoupledKey: 64, keySize: 128, valueSize: 128 },
});

/** Layers that all have E experts, K of them a token, and no shared ones. */
export const mixture = (experts: number, expertsPerToken: number, hidden: number): Partial<Architecture> => ({
  feedForward: {
    kind: 'mixture',
    experts,
    expertsPerToken,
    hidden,
    sharedExperts: 0,
    denseLayers: 0,
    denseHidden: 0,
    routerBias: false,
  },
});

/** Llama 4: of so many experts one a token and one for all, every so many-th layer; the others are dense. */
export const llama4 = (experts: number, every: number, context: number): Architecture =>
  llama([48, 5120, 40, 8, 128, 8192, context, 202_048], {
    // Norms of queries and keys, where there are any, have no weights.
    windows: { size: 8192, globalEvery: 4, isChunked: true },
    feedForward: {
      kind: 'mixture',
      experts,
      expertsPerToken: 1,
      sharedExperts: 1,
      hidden: 8192,
      denseLayers: 48 - 48 / every,
      denseHidden: 16_384,
      routerBias: false,
    },
  });
