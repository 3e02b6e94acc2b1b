// Tests of parabolas: their lowest place, and whether its interval holds the truth as often as it says.
import { expect, test } from 'vitest';
import {
  atParabola,
  fitParabola,
  lowestPlace,
  lowestPlaceInterval,
  studentQuantile,
} from '../../../src/laws/curves/parabola.ts';
import { gaussian, mulberry32 } from '../../../src/laws/seeded-random.ts';

const x = [-4, -3, -2, -1, 0, 1];
const truth = (value: number) => 2 + 0.05 * (value + 1.3) ** 2;

test('finds the parabola that points lie on, and none that opens downwards', () => {
  const fit = fitParabola(x, x.map(truth));
  if (!fit) throw new Error('no parabola');
  const { x: at, y } = lowestPlace(fit) ?? { x: Number.NaN, y: Number.NaN };
  expect(at).toBeCloseTo(-1.3, 9);
  expect(y).toBeCloseTo(2, 9);
  expect(atParabola(fit, 0.5)).toBeCloseTo(truth(0.5), 9);
  const down = fitParabola(
    x,
    x.map((value) => -(value ** 2)),
  );
  expect(down && lowestPlace(down)).toBeUndefined();
  expect(fitParabola([1, 1, 2], [1, 1, 2])).toBeUndefined();
});

test('an interval of 95 % holds the truth in about 95 of 100 draws, or bounds nothing', () => {
  const uniform = mulberry32(3);
  const draws = Array.from({ length: 1000 }, () => {
    const fit = fitParabola(
      x,
      x.map((value) => truth(value) + 0.03 * gaussian(uniform)),
    );
    return fit && lowestPlaceInterval(fit, x);
  });
  const bounded = draws.flatMap((interval) => (interval ? [interval] : []));
  const hits = bounded.filter(([low, high]) => low < -1.3 && -1.3 < high);
  expect(bounded.length).toBeGreaterThan(900);
  // Unbounded ones hold everything.
  const part = (hits.length + draws.length - bounded.length) / draws.length;
  expect(part).toBeGreaterThan(0.93);
  expect(part).toBeLessThan(0.97);
});

test("Student's quantile is that of the tables", () => {
  for (const [degrees, expected] of [
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [5, 2.571],
    [10, 2.228],
    [100, 1.984],
  ])
    expect(Math.abs(studentQuantile(degrees) / expected - 1)).toBeLessThan(0.01);
});
