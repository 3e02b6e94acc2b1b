// The longest context up to what is wanted that a device has room for, found by trying.
import { LabError, problemOf } from './problem.ts';

/** What was made, for which context, and why not for the one that was wanted. */
export interface Fitted<T> {
  readonly value: T;
  readonly context: number;
  readonly reason?: string;
}

/** Contexts below are not tried: what does not fit then does not fit for its weights. */
const shortest = 16;

/**
 * Makes something for the wanted context, or for the longest power of two below that the device has room for.
 * @param make throws a problem of kind tooLarge or outOfMemory where there is no room, and has freed all then
 * @throws what `make` threw first, where no context fits or it was another problem
 */
export async function fitContext<T>(
  wanted: number,
  make: (context: number) => T | Promise<T>,
): Promise<Fitted<T>> {
  let first: unknown;
  for (let context = wanted; ; context = 2 ** Math.floor(Math.log2(context - 1))) {
    try {
      const value = await make(context);
      return { value, context, ...(first === undefined ? {} : { reason: problemOf(first).message }) };
    } catch (error) {
      first ??= error;
      const isFull = error instanceof LabError && ['tooLarge', 'outOfMemory'].includes(error.problem.kind);
      if (!isFull || context <= shortest) throw isFull ? first : error;
    }
  }
}
