// What the room of costs takes from a person: starting points, numbers as they are typed, and what is refused.
import { describe, expect, it } from 'vitest';
import { pressAssumptions } from '../../../src/theory/assumptions.ts';
import {
  assumptionProblem,
  describeStart,
  findStart,
  initialInputs,
  nearestStop,
  publishedStarts,
  readAmount,
  sizeFields,
  sizeProblem,
  sliderStops,
  startAt,
  withAssumption,
  withSize,
} from '../../../src/ui/costs/inputs.ts';
import { near } from '../../near.ts';

it.each([
  ['4096', 4096],
  ['4,096', 4096],
  [' 2.21e19 ', 2.21e19],
  ['671B', 671e9],
  ['32k', 32_000],
  ['.5', 0.5],
  ['-1', -1],
])('reads %s as a number', (text, value) => {
  expect(readAmount(text)).toBe(value);
});

it.each(['', 'many', '1e', '0x10', '12 apples', '--1', '1e999'])('reads %j as none', (text) => {
  expect(readAmount(text)).toBeUndefined();
});

describe('sizes', () => {
  const [context] = sizeFields;

  it('are refused with the value and what to do', () => {
    expect(sizeProblem(context, 0)).toBe('Context n is impossible: 0. Give 1 or more.');
    expect(sizeProblem(context, 1.5)).toMatch(/no whole number: 1\.5/);
    expect(sizeProblem(context, 2e9)).toMatch(/out of range/);
    expect(sizeProblem(context, 2048)).toBeUndefined();
  });

  it('have sliders from end to end, ascending, that reach every power of two', () => {
    for (const { low, high, multiple } of sizeFields) {
      const stops = sliderStops(low, high, multiple);
      expect(stops[0]).toBe(low);
      expect(stops.at(-1)).toBe(high);
      expect(stops).toEqual([...new Set(stops)].sort((a, b) => a - b));
      for (let power = low; power <= high; power *= 2) expect(stops).toContain(power);
    }
  });

  it('move a slider to the stop that is nearest by ratio', () => {
    expect(nearestStop([1, 10, 100], 30)).toBe(1);
    expect(nearestStop([1, 10, 100], 40)).toBe(2);
    expect(nearestStop([1, 10, 100], 1e9)).toBe(2);
  });
});

describe('assumptions', () => {
  it('are refused in the theory’s words', () => {
    expect(assumptionProblem(pressAssumptions, 'multiplyAddsPerSecond', 0)).toMatch(/^peak is impossible: 0/);
    expect(assumptionProblem(pressAssumptions, 'dollarsPerGpuYear', -1)).toMatch(/impossible: -1 dollars/);
    expect(assumptionProblem(pressAssumptions, 'dollarsPerGpuYear', 0)).toBeUndefined();
  });

  it('derive the price of a multiply-add again once rate or year change, and only then', () => {
    const slower = withAssumption(initialInputs, 'multiplyAddsPerSecond', 1e12);
    expect(slower.assumptions.dollarsPerMultiplyAdd).toBeUndefined();
    const warmer = withAssumption(initialInputs, 'wattsPerGpu', 1000);
    expect(warmer.assumptions.dollarsPerMultiplyAdd).toEqual(near(1e-18));
    expect(withAssumption(slower, 'dollarsPerMultiplyAdd', 2e-18).assumptions.dollarsPerMultiplyAdd).toEqual(
      near(2e-18),
    );
  });
});

describe('starting points', () => {
  it('fill all sizes, until one is changed', () => {
    const start = findStart('D-high');
    if (start === undefined) throw new Error('test: case D is missing.');
    const inputs = startAt(initialInputs, start);
    expect(inputs.model).toEqual({
      context: 200_000,
      vocabulary: 200_000,
      width: 20_000,
      heads: 192,
      layers: 160,
    });
    expect(withSize(inputs, 'layers', 160).startId).toBe('D-high');
    expect(withSize(inputs, 'layers', 8)).toMatchObject({ startId: '', model: { layers: 8 } });
  });

  it('say how a published model differs from Press’s shape', () => {
    const llama = publishedStarts.find(({ id }) => id === 'llama-3-8b');
    if (llama === undefined) throw new Error('test: Llama is missing.');
    const text = describeStart(llama, 7.5e9).replaceAll('\u202f', ' ');
    expect(text).toMatch(
      /8\.03 G parameters.*7\.50 G.*8 key\/value heads for 32 query heads, a gated FFN of 14336/,
    );
    expect(findStart('constructor')).toBeUndefined();
  });
});
