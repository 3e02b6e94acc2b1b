// What a slot's cache still holds after its text is over, and how much of it the next text can go on from.

/** A text in a cache: each turn of a conversation begins with the turns before it. */
export interface HeldText {
  /** State of the weights that its keys and values were computed with; undefined where they never change. */
  readonly weightsVersion: number | undefined;
  /** Tokens at positions 0, 1, … */
  readonly tokens: readonly number[];
  /** Positions that were written, where a longer text stood there before: its end lies in rings still. */
  readonly written?: number;
}

/**
 * Tokens at the beginning of a window that need not be run through the model again; its last one always is, for its logits.
 * @param shortestWindow tokens that every layer sees: of a text that differs and was longer, the window of a local
 * layer may be overwritten
 * @param retractable tokens at the end of a longer one that can be run through the model again all the same: 1, and 1 more for
 * each position that a ring has beyond what its layer sees
 */
export function reusableTokens(
  held: HeldText | undefined,
  weightsVersion: number | undefined,
  window: readonly number[],
  shortestWindow: number,
  retractable = 1,
): number {
  if (!held || held.weightsVersion !== weightsVersion) return 0;
  const { tokens, written = tokens.length } = held;
  const first = tokens.findIndex((token, index) => window[index] !== token);
  const same = first < 0 ? tokens.length : first;
  const reused = Math.min(same, window.length - 1);
  return written - reused > retractable && written > shortestWindow ? 0 : reused;
}
