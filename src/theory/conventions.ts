// Flops of training per token as the literature counts them, each under its own name and with its own N.
// A multiply-add counts as two. The conventions differ by a third on one model: a utilisation without a name means nothing.

/** A transformer in numbers; letters as everywhere (L, C, H, D, G, F, T, V). */
export interface TransformerNumbers {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly hidden: number;
  readonly gated: boolean;
  readonly context: number;
  readonly vocabulary: number;
  /** All trained numbers, a tied head once. */
  readonly parameters: number;
  /** Of these, the learned position table (0 with rotary positions). */
  readonly positionParameters: number;
}

/** One count; `parameters` is the N that this convention multiplies, stated beside it. */
export interface FlopCount {
  readonly convention: string;
  readonly flops: number;
  readonly parameters: number;
  readonly note: string;
}

/** Training flops (forward and backward) per token by every convention. */
export function flopsPerToken(model: TransformerNumbers): FlopCount[] {
  const { layers, heads, headSize, context, parameters } = model;
  // Scores and weighted values of a whole row; heads · headSize is C in the papers.
  const attention = layers * heads * headSize * context;
  const withoutPositions = parameters - model.positionParameters;
  return [
    {
      convention: 'PaLM / nanoGPT',
      flops: 6 * withoutPositions + 12 * attention,
      parameters: withoutPositions,
      note: '6N + 12·L·H·D·T; N without position embeddings. Attention counted in full (Chowdhery et al. 2022, App. B).',
    },
    {
      convention: 'llm.c',
      flops: 6 * parameters + 6 * attention,
      parameters,
      note: '6N + 6·L·H·D·T; N with everything. Only the causal half of attention.',
    },
    cookbook(model, 3),
    cookbook(model, 4),
  ];
}

/** EleutherAI's cookbook by layer: matrices and attention `passes` times (4 recomputes the forward pass), the head once. */
function cookbook(model: TransformerNumbers, passes: 3 | 4): FlopCount {
  const { layers, width, heads, keyValueHeads, headSize, hidden, context, vocabulary } = model;
  const query = heads * headSize;
  const ffnMatrices = model.gated ? 3 : 2;
  const matrices = width * (2 * query + 2 * keyValueHeads * headSize) + ffnMatrices * width * hidden;
  const layer = 2 * matrices + 4 * query * context; // QKᵀ and AV, in full
  const head = 2 * width * vocabulary + 4 * width; // forward only; 4C for the embedding
  const parameters = layers * matrices + width * vocabulary;
  return {
    convention: passes === 3 ? 'cookbook' : 'cookbook, checkpointed',
    flops: passes * layers * layer + head,
    parameters,
    note: `${passes} · layers + head once; N = matrices only. ${
      passes === 3 ? 'Nothing is recomputed.' : 'The forward pass of every layer is computed twice.'
    }`,
  };
}
