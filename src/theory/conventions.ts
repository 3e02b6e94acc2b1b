// Flops of training per token as the literature counts them, each under its own name and with its own N.
import type { TransformerShape } from './shape.ts';
// A multiply-add counts as two. The conventions differ by a third on one model: a utilisation without a name means nothing.

/** A transformer in numbers; letters as everywhere (L, C, H, D, G, F, T, V). */
export interface TransformerNumbers extends TransformerShape {
  readonly hidden: number;
  readonly gated: boolean;
  readonly context: number;
  /** All trained numbers, a tied head once; of a mixture those that one token uses. */
  readonly parameters: number;
  /** Of these, the learned position table (0 with rotary positions). */
  readonly positionParameters: number;
  /** Has experts: every N is that of active parameters, and says so. */
  readonly isMixture?: boolean;
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
  const counts: FlopCount[] = [
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
  if (!model.isMixture) return counts;
  return counts.map((count) => ({ ...count, note: `${count.note} N counts active parameters only.` }));
}

/** What generation with a cache costs per token, as arXiv 2510.18245 prints it and with every multiply-add as two. */
export function inferenceFlopsPerToken(
  model: Pick<TransformerNumbers, 'layers' | 'heads' | 'headSize' | 'context'>,
  /** P, all parameters but the embedding tables. */
  nonEmbeddingParameters: number,
): FlopCount[] {
  // L·T·d_q; d_q = H·D.
  const attention = model.layers * model.context * model.heads * model.headSize;
  const count = (convention: string, factor: 2 | 4, what: string): FlopCount => ({
    convention,
    flops: 2 * nonEmbeddingParameters + factor * attention,
    parameters: nonEmbeddingParameters,
    note: `2·P + ${factor}·L·T·H·D after T tokens; P without embeddings, head not counted. ${what}`,
  });
  return [
    count(
      'inference, as printed',
      2,
      'QKᵀ and AV with a multiply-add as one, beside 2·P (arXiv 2510.18245).',
    ),
    count('inference, multiply-add as two', 4, 'QKᵀ and AV, a multiply-add as two.'),
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
