// What a slot's cache still holds after its text is over, and how much of it the next text can go on from.

/** A text in a cache: each turn of a conversation begins with the turns before it. */
export interface HeldText {
  /** State of the weights that its keys and values were computed with. */
  readonly weightsVersion: number;
  /** Tokens at positions 0, 1, … */
  readonly tokens: readonly number[];
}

/**
 * Tokens at the beginning of a window that need not be run through the model again; its last one always is, for its logits.
 * @param shortestRing positions that the cache of every layer holds: of a text that differs and was longer, the window of a local
 * layer may be overwritten
 */
export function reusableTokens(
  held: HeldText | undefined,
  weightsVersion: number | undefined,
  window: readonly number[],
  shortestRing: number,
): number {
  if (!held || held.weightsVersion !== weightsVersion) return 0;
  const { tokens } = held;
  const first = tokens.findIndex((token, index) => window[index] !== token);
  const same = first < 0 ? tokens.length : first;
  if (same < tokens.length && tokens.length > shortestRing) return 0;
  return Math.min(same, window.length - 1);
}
