// Cutting replays into submits.
import { describe, expect, it } from 'vitest';
import { Governor } from '../../src/runtime/governor.ts';
import { observeWork, WorkQueue } from '../../src/runtime/work-queue.ts';
import { addPlan } from './tiny-kernels.ts';

/** A plan whose dispatches take so many seconds, already observed. */
function observedPlan(dispatches: number, seconds: number, elements = 64) {
  const { plan } = addPlan(elements, dispatches);
  const governed = { dispatches: plan.dispatches, governor: new Governor(plan.dispatches, () => seconds) };
  const queue = new WorkQueue([governed]);
  while (!queue.isEmpty) {
    const work = queue.take();
    observeWork(work, work.seconds);
  }
  return governed;
}

describe('WorkQueue', () => {
  it('puts a whole training step into one submit when it is short', () => {
    const [accumulate, update] = [observedPlan(30, 0.001), observedPlan(5, 0.001)];
    const queue = new WorkQueue([accumulate, update]);
    const work = queue.take();
    expect(queue.isEmpty).toBe(true);
    expect(work.isTimed).toBe(false);
    expect(work.seconds).toBeCloseTo(0.035, 9);
    expect(work.pieces.map(({ replay, segment }) => [replay, segment.from, segment.to])).toEqual([
      [0, 0, 30],
      [1, 0, 5],
    ]);
  });

  it('puts many short replays of one plan into one submit', () => {
    const decode = observedPlan(10, 1e-4);
    const queue = new WorkQueue(Array.from({ length: 32 }, () => decode));
    expect(queue.take().pieces).toHaveLength(32);
    expect(queue.isEmpty).toBe(true);
  });

  it('cuts at the aim and goes on within the same plan', () => {
    const plan = observedPlan(10, 0.02);
    const queue = new WorkQueue([plan]);
    const ends: number[] = [];
    while (!queue.isEmpty) ends.push(queue.take().pieces[0]?.segment.to ?? -1);
    expect(ends).toEqual([2, 4, 6, 8, 10]);
  });

  it('takes one piece at a time, to be timed, while a plan is new', () => {
    const known = observedPlan(2, 0.001);
    const { plan } = addPlan(64, 3);
    const fresh = { dispatches: plan.dispatches, governor: new Governor(plan.dispatches, () => 0.004) };
    const queue = new WorkQueue([known, fresh, known]);
    const first = queue.take();
    expect([first.pieces.length, first.isTimed]).toEqual([1, false]);
    const second = queue.take();
    expect(second.pieces.map(({ segment }) => [segment.from, segment.to])).toEqual([[0, 2]]);
    expect(second.isTimed).toBe(true);
    observeWork(second, 0.008);
    observeWork(queue.take(), 0.004);
    expect(fresh.governor.isObserved).toBe(true);
    expect(queue.take().isTimed).toBe(false);
    expect(queue.isEmpty).toBe(true);
  });

  it('skips plans without dispatches, and is empty without replays', () => {
    const none = { dispatches: [], governor: new Governor([]) };
    const queue = new WorkQueue([none, observedPlan(1, 0.001), none]);
    expect(queue.take().pieces).toHaveLength(1);
    expect(queue.isEmpty).toBe(true);
    expect(new WorkQueue([none, none]).isEmpty).toBe(true);
    expect(new WorkQueue([]).take()).toEqual({ pieces: [], seconds: 0, isTimed: false });
  });

  it('corrects a dispatch once for a submit that replays it many times', () => {
    const decode = observedPlan(4, 0.001);
    const queue = new WorkQueue(Array.from({ length: 8 }, () => decode));
    const work = queue.take();
    expect(queue.isEmpty).toBe(true);
    observeWork(work, 10 * work.seconds);
    expect(decode.governor.seconds).toBeCloseTo(0.04, 9);
  });

  it('does not correct twice what two submits in flight both tell', () => {
    const plan = observedPlan(4, 0.001);
    const works = [new WorkQueue([plan]).take(), new WorkQueue([plan]).take()];
    for (const work of works) observeWork(work, 0.04);
    expect(plan.governor.seconds).toBeCloseTo(0.04, 9);
  });

  it('takes a submit that seems to have lasted for minutes for a frozen tab, and plans as before', () => {
    const plan = observedPlan(10, 0.01);
    const work = new WorkQueue([plan]).take();
    observeWork(work, 300);
    expect(new WorkQueue([plan]).take().seconds).toBeCloseTo(work.seconds, 9);
    observeWork(work, 2); // a device that another program holds
    expect(new WorkQueue([plan]).take().pieces[0]?.segment.to).toBe(1);
  });
});
