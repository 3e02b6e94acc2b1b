// Tests of scores on unseen runs.
import { expect, test } from 'vitest';
import { intervalsOf, scoreTest } from '../../src/laws/report.ts';

const runs = [3, 2, 1].map((loss) => ({ parameters: 1 / loss, tokens: 1, loss }));

test('a law is scored by error and order', () => {
  const score = scoreTest(runs, ({ loss }) => loss + 0.1);
  expect(score.points).toBe(3);
  expect(score.meanSquaredError).toBeCloseTo(0.01, 12);
  expect(score.spearman).toBeCloseTo(1, 12);
});

test('intervals are computed only when asked for', () => {
  const refit = () => ({ a: 1 });
  expect(intervalsOf({ law: 'chinchilla' }, runs, refit)).toEqual({});
  expect(intervalsOf({ law: 'chinchilla', bootstrap: 5 }, runs, refit)).toEqual({
    intervals: { a: [1, 1] },
    resamples: { asked: 5, used: 5 },
  });
});
