// One size and width shared out between attention and feed-forward layers, trained equally long by this program.

/**
 * `flopscope study test/fixtures/attention-or-mlp.json --runtime wasm`: two layers of width 48, heads of 8 channels, on
 * 262,144 characters of the language `zipf`.
 */
export const recordedShares = {
  /** N of the blocks, of each. */
  parameters: 36_864,
  width: 48,
  tokens: 262_144,
  /** r: feed-forward layers over attention. */
  runs: [
    { r: 1 / 11, loss: 2.1844 },
    { r: 0.2, loss: 2.2744 },
    { r: 0.5, loss: 2.2725 },
    { r: 1, loss: 2.1904 },
    { r: 2, loss: 2.1712 },
    { r: 3, loss: 2.1518 },
    { r: 5, loss: 2.1277 },
    { r: 11, loss: 2.1461 },
  ],
} as const;
