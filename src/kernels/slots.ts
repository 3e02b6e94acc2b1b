// The state of sequences that are decoded together: a slot each, a row of numbers that kernels read and advance.
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';

/** Numbers of a slot: position of the next token, that token, the number of the draw, and tokens drawn since it was 0. */
export const slotNumbers = 4;

/** Slots of a state tensor u32 [slots, 4]. */
export function slotsOf(state: Tensor): number {
  return elementCount(state.shape) / slotNumbers;
}

/** Slots of a cache [slots, rows, width], or [rows, width] of one, and how many positions a slot has there. */
export function ringsOf(cache: Tensor): { readonly slots: number; readonly context: number } {
  return { slots: cache.shape.at(-3) ?? 1, context: cache.shape.at(-2) ?? 1 };
}

/**
 * Rows that share a ring: tokens of one text that are decoded together, in order.
 * @throws where they are not as many for each ring
 */
export function rowsPerRing(rows: number, cache: Tensor): number {
  const { slots } = ringsOf(cache);
  if (rows > 0 && rows % slots === 0) return rows / slots;
  throw new Error(
    `cache: ${rows} rows do not share ${describeTensor(cache)} of ${slots} slots evenly. Pass as many rows for each slot.`,
  );
}
