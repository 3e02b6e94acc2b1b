// The limits of a chart: room around the curve, and never so little that uPlot would step for ever.
import { expect, it } from 'vitest';
import { plotOptions } from '../../../src/ui/run-views/plot-options.ts';
import { near } from '../../near.ts';

const colour = '#000';
const colours = {
  ...{ train: colour, trainFaint: colour, validation: colour, floor: colour, ghost: colour },
  ...{ grid: colour, text: colour, ground: colour },
};

function optionsOf(isLog = false): ReturnType<typeof plotOptions> {
  return plotOptions(
    { width: 300, height: 200 },
    { axis: 'step', logX: isLog, logY: isLog, smoothing: 0 },
    colours,
    () => undefined,
    () => undefined,
  );
}

function limits(scale: 'x' | 'y', low: number | null, high: number | null, isLog = false): number[] {
  const { scales } = optionsOf(isLog);
  const { range } = scales?.[scale] ?? {};
  if (typeof range !== 'function') throw new Error('a function was expected');
  return range({} as never, low as number, high as number, scale) as number[];
}

it.each([
  ['x', 5, 5],
  ['x', 1e15, 1e15 + 0.125],
  ['y', 2.5, 2.5 + 2 ** -51],
  ['y', 0, 0],
  ['x', null, null],
  ['y', Number.NaN, 1],
  ['x', 1, Number.POSITIVE_INFINITY],
] as const)('of %s from %s to %s are finite and apart', (scale, low, high) => {
  const [from = Number.NaN, to = Number.NaN] = limits(scale, low, high);
  expect(to - from).toBeGreaterThan(1e-3 * Math.max(Math.abs(from), Math.abs(to)));
  expect(Number.isFinite(to - from)).toBe(true);
});

it('are those of the curve along x, with room along y', () => {
  expect(limits('x', 1, 50)).toEqual([1, 50]);
  expect(limits('y', 1, 3)).toEqual([near(0.9), near(3.1)]);
  expect(limits('y', 1, 3, true)).toEqual([near(1 / 1.03), near(3 * 1.03)]);
});

it('ticks stand at whole steps: there is no step 2.5', () => {
  const [x] = optionsOf().axes ?? [];
  const { incrs } = x ?? {};
  if (!Array.isArray(incrs)) throw new Error('a list of distances was expected');
  expect(incrs[0]).toBe(1);
  expect(incrs.filter((distance) => !Number.isInteger(distance))).toEqual([]);
});
