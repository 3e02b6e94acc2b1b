// Nine shapes of one size, trained equally long by this program: what the lesson about the U in d/√N rests on.

/**
 * `flopscope study test/fixtures/u-in-the-middle.json --runtime wasm`: two layers, heads of 8 channels, feed-forward layers
 * twice the attention, on 524,288 characters of the language `zipf`.
 */
export const recordedShapes = {
  /** N of the blocks, of each. */
  parameters: 36_864,
  tokens: 524_288,
  runs: [
    { width: 8, loss: 2.2486 },
    { width: 12, loss: 2.1713 },
    { width: 16, loss: 2.1034 },
    { width: 24, loss: 2.0433 },
    { width: 32, loss: 2.0069 },
    { width: 48, loss: 1.9666 },
    { width: 64, loss: 1.9622 },
    { width: 96, loss: 1.9385 },
    { width: 192, loss: 1.9897 },
  ],
} as const;
