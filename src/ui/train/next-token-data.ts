// What the dials of the sampler make of a model's logits: the probability with which each token would be drawn.
import type { NextRequest } from '../../contract/sampling.ts';

/** The settings that decide how a token is drawn. */
export interface Dials {
  /** 0 takes the likeliest. */
  readonly temperature: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** 1 keeps all. */
  readonly topP: number;
}

/** Whether a prediction of the next token is of another text than the one that is written now, or of other tokens. */
export function isOfAnother(next: NextRequest, now: NextRequest): boolean {
  return next.prompt !== now.prompt || (next.knownTokens ?? false) !== (now.knownTokens ?? false);
}

/**
 * Probabilities of the first `count` of `order` under the dials, as the sampling kernel has them: of the k likeliest
 * those whose mass reaches top p of theirs, ties with the last one kept, and the rest shared out among them.
 * @param logits [V]
 */
export function drawnProbabilities(
  logits: Float32Array,
  order: Uint32Array,
  { temperature, topK, topP }: Dials,
  count: number,
): number[] {
  const largest = logits[order[0]];
  const shown = order.subarray(0, count);
  if (temperature === 0) return Array.from(shown, (_, rank) => (rank === 0 ? 1 : 0));
  const massOf = (id: number) => Math.exp((logits[id] - largest) / temperature);
  const untilTied = (least: number): number => {
    let end = Math.min(least, order.length);
    while (end < order.length && logits[order[end]] === logits[order[end - 1]]) end++;
    return end;
  };
  const first = topK > 0 ? untilTied(topK) : order.length;
  const total = order.subarray(0, first).reduce((sum, id) => sum + massOf(id), 0);
  let [kept, mass] = [first, total];
  if (topP < 1) {
    mass = 0;
    let rank = 0;
    while (rank < first && mass < topP * total) mass += massOf(order[rank++]);
    kept = Math.min(first, untilTied(Math.max(1, rank)));
    mass = order.subarray(0, kept).reduce((sum, id) => sum + massOf(id), 0);
  }
  return Array.from(shown, (id, rank) => (rank < kept ? massOf(id) / mass : 0));
}
