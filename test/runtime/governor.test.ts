// How submits are sized, with a model of a GPU in place of one: its clock is a number that the model moves.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dispatch } from '../../src/plan/kernel.ts';
import { Governor, submitLimits } from '../../src/runtime/governor.ts';
import { observeWork, WorkQueue } from '../../src/runtime/work-queue.ts';
import { addScaled } from './tiny-kernels.ts';

/** A dispatch of so many workgroups that costs the same as any other. */
function dispatchOf(workgroups: number): Dispatch {
  const dims = { elements: 64 * workgroups };
  return { kernel: addScaled, dims, bindings: {}, workgroups, label: '', phase: 'forward' } as Dispatch;
}

interface Planned {
  readonly dispatches: readonly Dispatch[];
  readonly governor: Governor;
}

/** Runs replays on a GPU whose dispatches take the given seconds; returns the seconds of every submit. */
function simulate(plans: readonly Planned[], secondsOf: (dispatch: Dispatch) => number): number[] {
  const submits: number[] = [];
  const queue = new WorkQueue(plans);
  while (!queue.isEmpty) {
    const work = queue.take();
    let seconds = 0;
    for (const { plan, segment } of work.pieces) {
      const { from, to, slice } = segment;
      const first = plan.dispatches[from] as Dispatch;
      if (slice) seconds += (secondsOf(first) * (slice.end - slice.first)) / first.workgroups;
      else for (const dispatch of plan.dispatches.slice(from, to)) seconds += secondsOf(dispatch);
    }
    submits.push(seconds);
    observeWork(work, seconds);
  }
  return submits;
}

function planOf(workgroups: readonly number[], estimate?: (dispatch: Dispatch) => number): Planned {
  const dispatches = workgroups.map(dispatchOf);
  return { dispatches, governor: new Governor(dispatches, estimate) };
}

describe('Governor', () => {
  it('shrinks submits on a GPU 1000 times slower than calibrated: none above 200 ms after the first three', () => {
    const plan = planOf(
      Array.from({ length: 50 }, () => 1_000),
      () => 1e-4,
    );
    const submits = [0, 1, 2].flatMap(() => simulate([plan], () => 0.1));
    expect(Math.max(...submits.slice(3))).toBeLessThanOrEqual(submitLimits.ceiling);
    expect(submits.reduce((sum, seconds) => sum + seconds, 0)).toBeCloseTo(15, 6);
  });

  it('shrinks submits when a GPU slows down 1000 times in the middle of a run', () => {
    const plan = planOf(
      Array.from({ length: 50 }, () => 1_000),
      () => 1e-4,
    );
    for (let step = 0; step < 3; step++) expect(simulate([plan], () => 1e-4)).toHaveLength(1);
    const submits = [0, 1, 2].flatMap(() => simulate([plan], () => 0.1));
    expect(Math.max(...submits.slice(3))).toBeLessThanOrEqual(submitLimits.ceiling);
  });

  it('reaches one submit per step again after the GPU recovered', () => {
    const plan = planOf([1_000, 1_000, 1_000], () => 1e-3);
    simulate([plan], () => 1e-3);
    simulate([plan], () => 2);
    let submits: number[] = [];
    for (let step = 0; step < 12; step++) submits = simulate([plan], () => 1e-3);
    expect(submits).toHaveLength(1);
  });

  it('needs few submits to find a GPU 5000 times faster than assumed', () => {
    const seconds = 10 / 5_000;
    const plan = planOf(
      Array.from({ length: 200 }, () => 4_000),
      () => 10,
    );
    const first = simulate([plan], () => seconds);
    expect(first.length).toBeLessThan(60);
    expect(Math.max(...first)).toBeLessThanOrEqual(submitLimits.aim + 2 * seconds);
    const second = simulate([plan], () => seconds);
    expect(second.length).toBeLessThanOrEqual(Math.ceil((200 * seconds) / submitLimits.aim) + 1);
  });

  it('grows at most fourfold from one new submit to the next', () => {
    const plan = planOf(
      Array.from({ length: 400 }, () => 1),
      () => 1e-3,
    );
    const submits = simulate([plan], () => 1e-7).map((seconds) => Math.round(seconds / 1e-7));
    expect(submits[0]).toBeLessThanOrEqual(11);
    for (let i = 1; i < submits.length; i++) {
      expect(submits[i]).toBeLessThanOrEqual(4 * (submits[i - 1] ?? 0) + 4);
    }
  });

  it('hands out every workgroup of every replay exactly once, in order, whatever it believes and measures', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
    const powers = fc.double({ min: -6, max: 1, noNaN: true });
    const property = fc.property(
      sizes,
      powers,
      fc.array(powers, { minLength: 3 }),
      (counts, power, times) => {
        const plans = [planOf(counts, () => 10 ** power), planOf([...counts].reverse())];
        const replays = [plans[0], plans[1], plans[0], plans[0], plans[1]] as Planned[];
        const queue = new WorkQueue(replays);
        let [replay, dispatch, workgroup, submits] = [0, 0, 0, 0];
        while (!queue.isEmpty) {
          const work = queue.take();
          expect(work.pieces.length).toBeGreaterThan(0);
          for (const { plan, replay: index, segment } of work.pieces) {
            expect(plan).toBe(replays[index]);
            if (dispatch === plan.dispatches.length) [replay, dispatch] = [replay + 1, 0];
            expect([index, segment.from, segment.slice?.first ?? 0]).toEqual([replay, dispatch, workgroup]);
            expect(segment.seconds).toBeGreaterThanOrEqual(0);
            const size = plan.dispatches[segment.from]?.workgroups ?? 0;
            const isPartial = segment.slice !== undefined && segment.slice.end < size;
            expect(segment.slice?.end ?? 1).toBeGreaterThan(segment.slice?.first ?? 0);
            expect(segment.to > segment.from).toBe(!isPartial);
            dispatch = segment.to;
            workgroup = isPartial ? (segment.slice?.end ?? 0) : 0;
          }
          observeWork(work, 10 ** (times[submits++ % times.length] ?? 0));
        }
        expect([replay, dispatch, workgroup]).toEqual([4, replays[4]?.dispatches.length, 0]);
      },
    );
    fc.assert(property, { numRuns: 40, seed: 7 });
  });

  it('assumes slow rates where nothing was measured, and distrusts an estimate that is no number', () => {
    const cautious = planOf([10_000]).governor.seconds;
    expect(cautious).toBeCloseTo(20e-6 + (3 * 640_000) / 2e9 + (12 * 640_000) / 1e9, 9);
    expect(planOf([10_000], () => Number.NaN).governor.seconds).toBe(cautious);
    expect(planOf([10_000], () => 0).governor.seconds).toBe(cautious);
  });

  it('leaves estimates alone that are nearly right', () => {
    const plan = planOf([10, 10], () => 0.001);
    simulate([plan], () => 0.001);
    const before = plan.governor.seconds;
    simulate([plan], () => 0.0012);
    expect(plan.governor.seconds).toBe(before);
  });
});
