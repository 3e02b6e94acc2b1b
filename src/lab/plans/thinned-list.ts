// A growing list in bounded memory for run records: what it keeps are real items, evenly spread, never means.

/** What a record lists: places in a run with a loss. */
interface Place {
  readonly step: number;
  readonly loss: number;
}

/** Keeps items some steps apart, further apart as the list grows; besides always the first, the last and that of least loss. */
export class ThinnedList<T extends Place> {
  readonly #capacity: number;
  /** Steps between kept items at least. */
  #spacing = 0;
  #kept: T[] = [];
  #least: T | undefined;
  #last: T | undefined;

  /**
   * @param capacity most items that are kept evenly; two more may stand between them
   * @param before what an earlier list kept of the same run
   */
  constructor(capacity: number, before: readonly T[] = []) {
    this.#capacity = capacity;
    this.#restore(before);
    // A list that was never full has lost nothing yet.
    if (before.length > capacity / 2) this.#spacing = medianGap(before);
  }

  /** Adds an item. One that does not come after the last (the run was rewound) replaces all from its step on. */
  push(item: T): void {
    if (this.#last && item.step <= this.#last.step) {
      this.#restore(this.items().filter(({ step }) => step < item.step));
    }
    const before = this.#kept.at(-1);
    if (!before || item.step - before.step >= this.#spacing) this.#kept.push(item);
    this.#last = item;
    if (!this.#least || item.loss < this.#least.loss) this.#least = item;
    if (this.#kept.length <= this.#capacity) return;
    this.#spacing = 2 * Math.max(this.#spacing, medianGap(this.#kept));
    this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
  }

  /** What is kept, in the order of steps. */
  items(): T[] {
    const all = new Map<number, T>();
    for (const item of [...this.#kept, this.#least, this.#last]) if (item) all.set(item.step, item);
    return [...all.values()].sort((a, b) => a.step - b.step);
  }

  #restore(items: readonly T[]): void {
    this.#kept = [...items];
    this.#last = items.at(-1);
    this.#least = items.reduce<T | undefined>((a, b) => (a && a.loss <= b.loss ? a : b), undefined);
  }
}

/** Steps from one item to the next, the usual figure; 1 where there are not two. */
function medianGap(items: readonly Place[]): number {
  const gaps = items.slice(1).map(({ step }, index) => step - (items[index]?.step ?? 0));
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 1;
}
