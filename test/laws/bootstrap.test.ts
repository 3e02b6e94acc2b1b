// Tests of the bootstrap: intervals of a mean, trunks drawn together, draws that cannot be fitted.
import { expect, test } from 'vitest';
import { bootstrap } from '../../src/laws/bootstrap.ts';
import { type RunPoint, UnfitRunsError } from '../../src/laws/run-point.ts';

const points: RunPoint[] = Array.from({ length: 40 }, (_, index) => ({
  parameters: 1,
  tokens: 1,
  loss: 2 + (index % 5) / 10,
  trunk: `${index % 10}`,
}));
const mean = (drawn: readonly RunPoint[]) => ({
  mean: drawn.reduce((sum, { loss }) => sum + loss, 0) / drawn.length,
});

test('an interval holds the mean and repeats for its seed', () => {
  const alone = points.map(({ trunk: _, ...point }) => point);
  const { intervals, used } = bootstrap(alone, mean, 200, 3);
  expect(used).toBe(200);
  expect(intervals.mean[0]).toBeLessThan(2.2);
  expect(intervals.mean[1]).toBeGreaterThan(2.2);
  expect(bootstrap(alone, mean, 200, 3).intervals).toEqual(intervals);
  expect(bootstrap(alone, mean, 200, 4).intervals).not.toEqual(intervals);
});

test('runs of one trunk come together', () => {
  bootstrap(
    points,
    (drawn) => {
      for (const trunk of ['0', '1', '2', '3']) {
        expect(drawn.filter((point) => point.trunk === trunk).length % 4).toBe(0);
      }
      return mean(drawn);
    },
    20,
    1,
  );
});

test('draws that cannot be fitted are counted', () => {
  let calls = 0;
  const sometimes = () => {
    if (calls++ % 2 === 0) throw new UnfitRunsError('one size');
    return { value: 1 };
  };
  expect(bootstrap(points, sometimes, 10, 1)).toMatchObject({ resamples: 10, used: 5 });
});

test('few trunks are not drawn whole, for most draws would lack one', () => {
  const few = points.map((point, index) => ({ ...point, trunk: `${index % 3}` }));
  const sizes = new Set<number>();
  bootstrap(
    few,
    (drawn) => {
      sizes.add(drawn.filter(({ trunk }) => trunk === '0').length);
      return mean(drawn);
    },
    30,
    1,
  );
  expect(sizes.size).toBeGreaterThan(4);
});

test('runs of a stratum are drawn in the place of each other alone', () => {
  const sizes = points.map(({ trunk: _, ...point }, index) => ({ ...point, parameters: 1 + (index % 4) }));
  let different = 0;
  bootstrap(
    sizes,
    (drawn) => {
      for (const size of [1, 2, 3, 4])
        expect(drawn.filter(({ parameters }) => parameters === size)).toHaveLength(10);
      different += new Set(drawn).size < 40 ? 1 : 0;
      return mean(drawn);
    },
    10,
    1,
    ({ parameters }) => String(parameters),
  );
  expect(different).toBe(10);
});
