// The slope method against a synthetic timer: noisy, quantised, with a fixed cost.
import { describe, expect, it } from 'vitest';
import {
  enoughRepetitions,
  measureInRounds,
  measureSlope,
  summarize,
} from '../../../src/runtime/timing/slope.ts';
import { near } from '../../near.ts';

/** A timer whose passes cost `fixed` + n · `each`, with ±`noise`, in steps of `quantum`. Counts its passes. */
function fakeTimer(each: number, { fixed = 0, noise = 0, quantum = 0 }) {
  let state = 1;
  const passes: number[] = [];
  const time = async (repetitions: number) => {
    passes.push(repetitions);
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const seconds = fixed + repetitions * each + noise * (state / 2 ** 31 - 1);
    return quantum > 0 ? Math.floor(seconds / quantum) * quantum : seconds;
  };
  return { time, passes };
}

describe('measureSlope', () => {
  it.each([
    { each: 2e-6, fixed: 3e-4, noise: 0, quantum: 0 },
    { each: 2e-6, fixed: 3e-4, noise: 1e-5, quantum: 6.5536e-5 },
    { each: 1.7e-5, fixed: 1e-3, noise: 2e-5, quantum: 1e-4 },
    { each: 3e-3, fixed: 1e-4, noise: 5e-5, quantum: 1e-4 },
  ])('finds the cost of one repetition within its spread or 10 %: %o', async ({ each, ...errors }) => {
    const { value, spread, repeats } = await measureSlope(fakeTimer(each, errors).time);
    expect(Math.abs(value - each) / each).toBeLessThan(Math.max(0.1, 2 * spread));
    expect(repeats).toBeGreaterThanOrEqual(3);
  });

  it('is exact without noise, whatever the fixed cost', async () => {
    const { value, spread } = await measureSlope(fakeTimer(1e-5, { fixed: 0.01 }).time);
    expect(value).toBeCloseTo(1e-5, 12);
    expect(spread).toBeLessThan(1e-6);
  });

  it('repeats until a pass is long enough, and no further than it may', async () => {
    const short = fakeTimer(1e-6, {});
    await measureSlope(short.time, { minimumSeconds: 0.002 });
    expect(Math.max(...short.passes) * 1e-6).toBeGreaterThanOrEqual(0.004);
    expect(Math.max(...short.passes) * 1e-6).toBeLessThan(0.04);
    const endless = fakeTimer(0, {});
    expect((await measureSlope(endless.time, { maximumRepeats: 64 })).value).toBe(0);
    expect(Math.max(...endless.passes)).toBe(128);
  });

  it('looks for passes that the work makes long, not what a pass costs, nor one that was held up', async () => {
    const { time: quiet, passes } = fakeTimer(1e-6, { fixed: 0.005 });
    expect(await enoughRepetitions(quiet, 0.002, 4096)).toBeGreaterThanOrEqual(2000);
    let turn = 0;
    const heldUp = async (repetitions: number) => repetitions * 1e-6 + (turn++ % 2 === 0 ? 0.03 : 0);
    expect(await enoughRepetitions(heldUp, 0.002, 4096)).toBeGreaterThanOrEqual(2000);
    expect(passes.length).toBeLessThan(20);
  });

  it('begins no further round when its time is up, but makes three', async () => {
    const { time, passes } = fakeTimer(0.03, {});
    const { repeats } = await measureSlope(time, { budgetSeconds: -1 });
    expect(repeats).toBe(3);
    expect(passes).toHaveLength(3 + 6);
  });

  it('takes the quickest passes', async () => {
    let turn = 0;
    const disturbed = async (repetitions: number) => repetitions * 0.01 * (turn++ % 3 === 0 ? 1 : 2);
    expect((await measureSlope(disturbed)).value).toBeCloseTo(0.01, 6);
  });

  it('never repeats what already holds the GPU for long', async () => {
    const { time, passes } = fakeTimer(0.4, {});
    expect((await measureSlope(time)).value).toBeCloseTo(0.4, 9);
    expect(Math.max(...passes)).toBe(1);
  });
});

describe('measureInRounds', () => {
  it('stays positive where noise makes longer passes shorter than what every pass costs', async () => {
    const fixed = fakeTimer(1e-6, { fixed: 0.04 }).time;
    const backwards = async (repetitions: number) => 0.01 / repetitions;
    const { measured } = await measureInRounds([fixed, fixed, backwards]);
    for (const { value } of measured) {
      expect(value).toBeGreaterThan(0);
    }
  });

  it('takes off what slows the probe of the pace as well, and says how much it was', async () => {
    let passes = 0;
    // Work, not launches, takes twice as long two thirds of the time, in spells of 200 passes.
    const pace = () => (passes++ % 600 < 400 ? 2 : 1);
    const launch = 1e-4;
    const subjects = [0.004, 0.008, 0.0161].map(
      (each) => async (repetitions: number) => repetitions * (launch + pace() * each),
    );
    const probe = {
      seconds: async () => pace() * 0.008,
      launchSeconds: launch,
    };
    const { measured, paceSeconds, slowing } = await measureInRounds(subjects, { rounds: 200 }, probe);
    const [first, second, third] = measured.map(({ value }) => value);
    expect(first).toBeCloseTo(0.0041, 4);
    expect(second).toBeCloseTo(0.0081, 4);
    expect(third).toBeCloseTo(0.0162, 4);
    expect(paceSeconds.value).toBeCloseTo(0.008, 9);
    expect(slowing.value).toBeCloseTo(5 / 3, 1);
    // Passes differ by a factor of two, and what they say once evened out does not.
    for (const { spread } of measured) expect(spread).toBeLessThan(0.05);
    expect(slowing.spread).toBeGreaterThan(0.2);
  });

  it('does not let one pass of three, in which the machine did something else, widen the spread', async () => {
    let round = 0;
    const probe = { seconds: async () => 0.008, launchSeconds: 0 };
    const subject = async (repetitions: number) => repetitions * 0.06 * (round === 1 ? 30 : 1 + round / 20);
    const onRound = (begun: number) => {
      round = begun;
    };
    const { measured } = await measureInRounds([subject], { rounds: 3, onRound }, probe);
    expect(measured[0]?.spread).toBeGreaterThan(0.02);
    expect(measured[0]?.spread).toBeLessThan(0.1);
  });

  it('tells when a round begins', async () => {
    const rounds: number[] = [];
    await measureInRounds([fakeTimer(0.01, {}).time], { rounds: 4, onRound: (round) => rounds.push(round) });
    expect(rounds).toEqual([0, 1, 2, 3]);
  });

  it('measures nothing when there is nothing', async () => {
    const { measured, slowing } = await measureInRounds([]);
    expect(measured).toEqual([]);
    expect(slowing.value).toBe(1);
  });
});

describe('summarize', () => {
  it('gives the median and half the interquartile range over it', () => {
    expect(summarize([5, 1, 3, 2, 4])).toEqual({ value: 3, spread: near(1 / 3), repeats: 5 });
    expect(summarize([1, 2])).toEqual({ value: near(1.5), spread: near(0.25 / 1.5), repeats: 2 });
    expect(summarize([7])).toEqual({ value: 7, spread: 0, repeats: 1 });
    expect(summarize([])).toEqual({ value: 0, spread: 0, repeats: 0 });
  });

  it('is not moved by one outlier, nor does it sort the values given', () => {
    const values = [1, 1000, 1.1, 0.9, 1.05];
    expect(summarize(values).value).toEqual(near(1.05));
    expect(values[1]).toBe(1000);
  });
});
