// Losses of models whose tokenizers differ, in one unit: bits for each byte of the text.

/**
 * Mean bytes of UTF-8 that a token of a text stands for. A loss in nats per token says less of a model whose tokens are
 * long: loss ÷ (ln 2 · bytes per token) is in bits per byte, whatever the tokens (Gao et al. 2020, The Pile, §3.1).
 */
export function bitsPerByte(natsPerToken: number, bytesPerToken: number): number {
  return natsPerToken / (Math.LN2 * bytesPerToken);
}
