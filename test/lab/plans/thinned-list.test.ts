// The bounded list of a record: real items, the first, the last and the least among them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ThinnedList } from '../../../src/lab/plans/thinned-list.ts';

const item = (step: number, loss = 1 / step) => ({ step, loss });

describe('a thinned list', () => {
  it('keeps all as long as there is room', () => {
    const list = new ThinnedList(10);
    for (let step = 1; step <= 10; step++) list.push(item(step));
    expect(list.items().map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('keeps the first, the last and the least, in order and in bounds, at any length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 500 }),
        (losses) => {
          const list = new ThinnedList<{ step: number; loss: number }>(16);
          losses.forEach((loss, index) => {
            list.push(item(index + 1, loss));
          });
          const kept = list.items();
          expect(kept.length).toBeLessThanOrEqual(18);
          expect(kept[0]?.step).toBe(1);
          expect(kept.at(-1)?.step).toBe(losses.length);
          expect(Math.min(...kept.map(({ loss }) => loss))).toBe(Math.min(...losses));
          for (const { step, loss } of kept) expect(loss).toBe(losses[step - 1]);
          for (let i = 1; i < kept.length; i++) expect(kept[i].step).toBeGreaterThan(kept[i - 1].step);
        },
      ),
    );
  });

  it('spreads what it keeps evenly', () => {
    const list = new ThinnedList(64);
    for (let step = 1; step <= 10_000; step++) list.push(item(step, -step));
    const steps = list.items().map(({ step }) => step);
    const gaps = steps.slice(1, -1).map((step, index) => step - (steps[index] ?? 0));
    expect(new Set(gaps).size).toBe(1);
    expect(steps.length).toBeGreaterThan(32);
  });

  it('goes on from what an earlier list kept, at its spacing', () => {
    const first = new ThinnedList<{ step: number; loss: number }>(64);
    for (let step = 1; step <= 1000; step++) first.push(item(step));
    const second = new ThinnedList(64, first.items());
    for (let step = 1001; step <= 1100; step++) second.push(item(step));
    const added = second.items().filter(({ step }) => step > 1000);
    expect(added.length).toBeLessThan(10);
    expect(second.items()[0]?.step).toBe(1);
  });

  it('keeps every further item of a short list, however far apart the earlier ones were', () => {
    const list = new ThinnedList(64, [item(50), item(100)]);
    list.push(item(110));
    list.push(item(120));
    expect(list.items().map(({ step }) => step)).toEqual([50, 100, 110, 120]);
  });

  it('drops what a rewound run takes again', () => {
    const list = new ThinnedList<{ step: number; loss: number }>(64);
    for (let step = 1; step <= 20; step++) list.push(item(step));
    list.push(item(11, 5));
    expect(list.items().map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(list.items().at(-1)?.loss).toBe(5);
  });
});
