// The state of sequences that are decoded together: a slot each, a row of numbers that kernels read and advance.
import { elementCount, type Tensor } from '../plan/tensor.ts';

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
