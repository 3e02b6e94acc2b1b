// Tests of the rule for the number of experts.
import { expect, test } from 'vitest';
import { expertCount, expertRuleMiss, publishedRouters } from '../../src/theory/experts.ts';

test.each([
  [100e9, 10e9, 38],
  [400e9, 20e9, 54],
  [671e9, 37e9, 51],
])('%d parameters with %d active want %d experts', (total, active, experts) => {
  const { low, typical, high } = expertCount(total, active);
  expect(Math.round(typical)).toBe(experts);
  expect([low / typical, high / typical]).toEqual([
    expect.closeTo(8 / 12, 12) as number,
    expect.closeTo(16 / 12, 12) as number,
  ]);
});

test('a dense model wants the factor itself', () => {
  expect(expertCount(7, 7)).toEqual({ low: 8, typical: 12, high: 16 });
});

test('impossible parameters are refused', () => {
  expect(() => expertCount(0, 1)).toThrow(/all parameters is impossible: 0/);
  expect(() => expertCount(1, -1)).toThrow(/active parameters is impossible: -1/);
  expect(() => expertCount(10, 20)).toThrow(/more parameters are active than there are: 20 of 10/);
});

test('published routers choose fewer experts than they have', () => {
  for (const { experts, expertsPerToken } of publishedRouters) expect(expertsPerToken).toBeLessThan(experts);
});

test.each([
  ['DeepSeek-V3', 5],
  ['DeepSeek-V2', 4],
  ['Mixtral 8x7B', 0.35],
  ['Qwen3 30B-A3B', 3.5],
])('the rule misses %s by a factor of %d', (model, factor) => {
  const router = publishedRouters.find((found) => found.model === model);
  if (!router) throw new Error(`there is no router ${model}`);
  expect((expertRuleMiss(router) ?? 0) / factor).toBeCloseTo(1, 1);
});

test('a router of unknown parameters is held against no rule', () => {
  const [router] = publishedRouters;
  expect(router && expertRuleMiss(router)).toBeUndefined();
});
