// Tests of Press's what-ifs against the figures that follow from his tables by hand.
import { expect, it } from 'vitest';
import { pressAssumptions } from '../../src/theory/assumptions.ts';
import { pressCosts } from '../../src/theory/press.ts';
import { priceAfter, whatIf, whatIfDefaults, whatIfUnits } from '../../src/theory/what-if.ts';

const a = { context: 2048, vocabulary: 32_000, width: 4096, layers: 32 };
const dHigh = { context: 200_000, vocabulary: 200_000, width: 20_000, layers: 160 };

it('without the factor n, A costs 5.5 million dollars to train and D’s upper end 1.9e13', () => {
  expect(whatIf(a).trainingDollarsWithoutN / 1e6).toBeCloseTo(5.5, 1);
  expect(whatIf(dHigh).trainingDollarsWithoutN / 1e13).toBeCloseTo(1.9, 1);
});

it('prices halve every two years', () => {
  expect(priceAfter(100, 2)).toBeCloseTo(50, 9);
  expect(priceAfter(100, 20)).toBeCloseTo(100 / 1024, 9);
  const { trainingDollars, trainingDollarsLater } = whatIf(a, pressAssumptions, {
    ...whatIfDefaults,
    years: 4,
  });
  expect(trainingDollars / trainingDollarsLater).toBeCloseTo(4, 9);
  expect(() => priceAfter(1, Number.NaN)).toThrow(/years is impossible/);
});

it('a million tokens decoded cost a million times the incremental work', () => {
  expect(whatIf(a).dollarsPerMillionTokens).toBeCloseTo(6.98e9 * 1e6 * 1e-18, 4);
  expect(whatIf(a).cacheAtLongContext).toBe(2 * 32 * 128_000 * 4096);
});

it('a conversation of one turn decodes at its own length, and rereads as a forward pass does', () => {
  const once = whatIf(a, pressAssumptions, { years: 0, conversation: { turns: 1, tokensPerTurn: 2048 } });
  expect(once.conversationDollarsPerMillionTokens).toBeCloseTo(once.dollarsPerMillionTokens, 9);
  const perToken = pressCosts(a).forwardMultiplyAdds / 2048;
  expect(once.rereadDollarsPerMillionTokens).toBeCloseTo(perToken * 1e6 * 1e-18, 9);
});

it('a kept cache makes a conversation linear in what is added, but for attention', () => {
  const of = (turns: number) =>
    whatIf(a, pressAssumptions, { years: 0, conversation: { turns, tokensPerTurn: 100 } });
  const growth = (key: 'conversationDollarsPerMillionTokens' | 'rereadDollarsPerMillionTokens') =>
    of(20)[key] / of(2)[key];
  expect(growth('conversationDollarsPerMillionTokens')).toBeLessThan(1.1);
  expect(growth('rereadDollarsPerMillionTokens')).toBeGreaterThan(6);
});

it.each([0, -1, 1.5, Number.NaN])('%d turns are refused', (turns) => {
  const conversation = { turns, tokensPerTurn: 10 };
  expect(() => whatIf(a, pressAssumptions, { years: 0, conversation })).toThrow(/number of turns/);
});

it('every answer has a unit', () => {
  expect(Object.keys(whatIfUnits)).toEqual(Object.keys(whatIf(a)));
});
