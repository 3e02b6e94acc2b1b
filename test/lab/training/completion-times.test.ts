// Seconds of steps whose results are seen late, together, by a coarse clock, or after a hiccup.
import { describe, expect, it } from 'vitest';
import { CompletionTimes, tokensPerSecond } from '../../../src/lab/training/completion-times.ts';

/** Seconds of steps seen at these moments, of a run that began at 0. */
function secondsOf(seen: readonly number[]): number[] {
  const times = new CompletionTimes();
  times.start(0);
  return seen.map((now) => times.complete(now));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Steps of 60 ms, seen at the moments that `late` makes of their ends. */
const steps = (count: number, late: (end: number, index: number) => number) =>
  Array.from({ length: count }, (_, index) => late(0.06 * (index + 1), index));

describe('seconds of steps', () => {
  it('are the time between results that are seen when they are there', () => {
    for (const seconds of secondsOf(steps(40, (end) => end))) expect(seconds).toBeCloseTo(0.06, 9);
  });

  it.each([
    // The second of a pair was ready long before, and the thread saw both in one turn.
    ['in pairs', (end: number, index: number) => (index % 2 === 0 ? end + 0.06 : end)],
    [
      'in pairs a microsecond apart',
      (end: number, index: number) => (index % 2 === 0 ? end + 0.059999 : end),
    ],
    ['in pairs now and then', (end: number, index: number) => (index % 9 === 8 ? end + 0.06 : end)],
    ['in fours', (end: number, index: number) => end + 0.06 * (3 - (index % 4))],
    ['by a clock of 50 ms', (end: number) => Math.floor(end * 20 + 1e-9) / 20],
  ])('stay near the truth when results are seen %s', (_, late) => {
    const seconds = secondsOf(steps(300, late));
    for (const each of seconds) {
      expect(each).toBeGreaterThan(0.06 / 5);
      expect(each).toBeLessThan(0.06 * 5);
    }
    expect(sum(seconds) / (300 * 0.06)).toBeCloseTo(1, 1);
  });

  it('share what passed among steps that were done in one piece of work', () => {
    const times = new CompletionTimes();
    times.start(10);
    expect(times.complete(10.8, 8)).toBeCloseTo(0.1, 9);
    expect(times.complete(11.2, 4)).toBeCloseTo(0.1, 9);
  });

  it('keep a hiccup to the step that had it', () => {
    const seen = steps(40, (end, index) => (index < 20 ? end : end + 10));
    const seconds = secondsOf(seen);
    expect(seconds[20]).toBeCloseTo(10.06, 6);
    for (const each of seconds.slice(21)) expect(each).toBeCloseTo(0.06, 6);
  });

  it('stay near the truth after a first step that compiles', () => {
    const late = (end: number, index: number) => end + 2 + (index > 0 && index % 2 === 0 ? 0.06 : 0);
    const seen = steps(300, late);
    const seconds = secondsOf(seen);
    expect(seconds[0]).toBeCloseTo(2.06, 6);
    for (const each of seconds.slice(1)) expect(each).toBeGreaterThan(0.06 / 5);
    expect(sum(seconds) / (seen.at(-1) ?? 0)).toBeCloseTo(1, 2);
  });

  it('follow a device that becomes ten times as quick, and add up', () => {
    const seen = Array.from({ length: 400 }, (_, i) => (i < 40 ? 0.06 * (i + 1) : 2.4 + 0.006 * (i - 39)));
    const seconds = secondsOf(seen);
    expect(sum(seconds)).toBeCloseTo(seen.at(-1) ?? 0, 6);
    for (const each of seconds) expect(each).toBeGreaterThan(0.006 / 2.1);
    expect(seconds.at(-1)).toBeCloseTo(0.006, 6);
  });

  it('leave out what passes between a pause and the next start', () => {
    const times = new CompletionTimes();
    times.start(0);
    times.complete(0.1);
    times.pause();
    times.start(50);
    times.start(60); // it runs already
    expect(times.complete(50.1)).toBeCloseTo(0.1, 9);
  });

  it('leave out minutes in which a tab was frozen, and what steps take stays as it was', () => {
    const seen = Array.from({ length: 40 }, (_, i) => 0.06 * (i + 1) + (i < 20 ? 0 : 300));
    const seconds = secondsOf(seen);
    expect(sum(seconds)).toBeCloseTo(0.06 * 40, 6);
    for (const each of seconds) expect(each).toBeCloseTo(0.06, 6);
  });

  it('stay as they were where the clock is set back', () => {
    const seen = Array.from({ length: 60 }, (_, i) => 0.06 * (i + 1) - (i < 20 ? 0 : 500));
    const seconds = secondsOf(seen);
    for (const each of seconds.slice(22)) expect(each).toBeCloseTo(0.06, 6);
    expect(sum(seconds)).toBeGreaterThan(0.06 * 57);
  });

  it('are above zero even where the clock stands', () => {
    for (const seconds of secondsOf([0, 0, 0])) expect(seconds).toBeGreaterThan(0);
  });
});

it('rates are sums over sums', () => {
  expect(tokensPerSecond(100, 4)).toBe(25);
  expect(tokensPerSecond(0, 0)).toBeUndefined();
});
