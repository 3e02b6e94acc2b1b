// What latent attention changes in the rows of the generalised Table 1 (DeepSeek-AI, arXiv 2405.04434 §2.1).

/** Sizes of latent attention; letters of the paper in brackets. */
export interface LatentShape {
  /** Channels of the compressed keys and values (d_c), and of compressed queries (d_c′), 0 if they are not. */
  readonly latentSize: number;
  readonly queryLatentSize: number;
  /** Channels of the one rotated key, and of each query's part for it (d_h^R). */
  readonly ropeHeadSize: number;
  readonly valueHeadSize: number;
  /** RMSNorm on what is compressed. */
  readonly hasNorms: boolean;
}

/** What the rows of attention, its projections and norms are made of, for one token and layer. */
export interface AttentionParts {
  /** Weights of all matrices before attention, and the values that they write. */
  readonly weights: number;
  readonly values: number;
  /** Channels of a query's product with a key, and of a value. */
  readonly keySize: number;
  readonly valueSize: number;
  /** Values that are normed between the matrices; their norms have as many weights. */
  readonly normed: number;
}

/** Parts of latent attention. `headSize` is that of keys without positions. */
export function latentParts(
  { width, heads, headSize }: { readonly width: number; readonly heads: number; readonly headSize: number },
  latent: LatentShape,
): AttentionParts {
  const { latentSize, queryLatentSize, ropeHeadSize, valueHeadSize, hasNorms } = latent;
  const keySize = headSize + ropeHeadSize;
  const queries = heads * keySize;
  const keyValues = heads * (headSize + valueHeadSize);
  const queryInputs = queryLatentSize || width;
  return {
    weights:
      width * (queryLatentSize + latentSize + ropeHeadSize) + queryInputs * queries + latentSize * keyValues,
    values: queryLatentSize + queries + latentSize + ropeHeadSize + keyValues,
    keySize,
    valueSize: valueHeadSize,
    normed: hasNorms ? queryLatentSize + latentSize : 0,
  };
}

/**
 * Flops of attention's two products when one token attends to the latents of `keys` tokens themselves, one layer. What
 * takes queries to the latents, and the result to values, costs as much as expanding one token's latent.
 */
export function absorbedAttentionFlops(heads: number, latent: LatentShape, keys: number): number {
  return 2 * keys * heads * (2 * latent.latentSize + latent.ropeHeadSize);
}
