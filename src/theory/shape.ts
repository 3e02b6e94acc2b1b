// The sizes that every closed form speaks of, under the letters of ARCHITECTURE §2.

/** A transformer's sizes. What a formula needs beyond them stands with the formula. */
export interface TransformerShape {
  /** L. */
  readonly layers: number;
  /** C, channels; Press's d. */
  readonly width: number;
  /** H, query heads. */
  readonly heads: number;
  /** G, key and value heads. */
  readonly keyValueHeads: number;
  /** D, of keys and values alike. */
  readonly headSize: number;
  /** V, tokens. */
  readonly vocabulary: number;
}

/** The sizes alone, of whatever has them. */
export function shapeOf(model: TransformerShape): TransformerShape {
  const { layers, width, heads, keyValueHeads, headSize, vocabulary } = model;
  return { layers, width, heads, keyValueHeads, headSize, vocabulary };
}
