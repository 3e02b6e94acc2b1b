// A binary heap: the first of many in a given order, while others come and go.

/** Values of which the first one can be taken. */
export class Heap<T> {
  readonly #values: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  /** @param isBefore a strict order: false both ways for equals */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  push(value: T): void {
    const values = this.#values;
    let at = values.length;
    values.push(value);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#isBefore(value, values[above])) break;
      values[at] = values[above];
      at = above;
    }
    values[at] = value;
  }

  /** Takes the first; undefined if there is none. */
  pop(): T | undefined {
    const values = this.#values;
    const first = values[0];
    const last = values.pop();
    if (last === undefined || values.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= values.length) break;
      if (below + 1 < values.length && this.#isBefore(values[below + 1], values[below])) below++;
      if (!this.#isBefore(values[below], last)) break;
      values[at] = values[below];
      at = below;
    }
    values[at] = last;
    return first;
  }
}
