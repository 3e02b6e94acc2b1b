// Places of numbers by their size.

/** Indices of the values, the largest first, of equal ones the lower index first: token ids by their logits. */
export function ranked(values: Float32Array): Uint32Array {
  return Uint32Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
}
