// What ends a run and what does not: spikes and lucky batches against losses that stay high.
import { describe, expect, it } from 'vitest';
import { DivergenceWatch } from '../../../src/lab/training/divergence.ts';

/** The step and the sentence at which a run with these losses is given up; undefined if it is not. */
function verdictOf(losses: readonly number[], vocabulary = 65): { step: number; why: string } | undefined {
  const watch = new DivergenceWatch(vocabulary);
  for (const [index, loss] of losses.entries()) {
    const why = watch.take({ step: index + 1, loss, isFinite: Number.isFinite(loss) });
    if (why !== undefined) return { step: index + 1, why };
  }
  return undefined;
}

const repeat = (count: number, value: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => value(index));

describe('a run', () => {
  it('survives a spike at its beginning that a small alphabet makes look large', () => {
    // Two characters: 4 ln V is 2.77, and a spike of 3.14 at step 3 used to end this run.
    expect(verdictOf([0.69, 0.9, 3.14, 2.2, ...repeat(50, () => 0.5)], 2)).toBeUndefined();
  });

  it('survives a spike from which it recovers slowly', () => {
    const spike = repeat(60, (index) => 0.5 + 40 * Math.exp(-index / 15));
    expect(verdictOf([4.2, 2, 0.5, ...spike])).toBeUndefined();
  });

  it('survives bad batches among good ones', () => {
    expect(verdictOf(repeat(400, (index) => (index % 3 === 0 ? 1 : 60)))).toBeUndefined();
  });

  it('survives a beginning far above guessing, as with weights of another text', () => {
    expect(verdictOf(repeat(100, (index) => 90 - index / 2))).toBeUndefined();
  });

  it('may have a loss of exactly 0', () => {
    expect(verdictOf([0.69, 0.1, ...repeat(40, () => 0)], 2)).toBeUndefined();
  });

  it('is given up when its loss stays high, and the sentence says since when and from where', () => {
    const found = verdictOf([4.2, 3.5, ...repeat(100, () => 60)]);
    expect(found?.step).toBe(18);
    expect(found?.why).toMatch(/60\.0 at step 18: it is above 16\.0 since step 3 and had been 3\.50 before/);
  });

  it('is given up later when what it had was good, at a loss that a beginner may have', () => {
    const before = repeat(100, () => 0.3);
    expect(verdictOf([...before, ...repeat(40, () => 14)])?.step).toBe(116);
    expect(verdictOf(repeat(40, () => 14))).toBeUndefined();
  });

  it('is given up when its loss grows without end', () => {
    expect(verdictOf(repeat(60, (index) => 3 * 2 ** index))?.step).toBeLessThan(25);
  });

  it('is given up at once when its loss is no number, whose step changed nothing', () => {
    expect(verdictOf([3, 2.9, Number.NaN])).toMatchObject({
      step: 3,
      why: expect.stringMatching(/no number at step 3\. That step changed nothing/),
    });
    expect(verdictOf([3, 100, 200, Number.NaN])?.why).toMatch(/at step 4: it was above .* since step 2/);
  });

  it('is suspicious while it is high, and no more when it has recovered', () => {
    const watch = new DivergenceWatch(65);
    const take = (step: number, loss: number) => {
      watch.take({ step, loss, isFinite: true });
      return watch.isSuspicious;
    };
    expect([take(1, 4), take(2, 100), take(3, 90), take(4, 4)]).toEqual([false, true, true, false]);
  });
});
