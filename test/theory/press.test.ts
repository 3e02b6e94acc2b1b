// Tests of Press's closed forms against the paper's Tables 1 and 3.
import { expect, test } from 'vitest';
import {
  naiveAttentionValues,
  type PressModel,
  pressCosts,
  pressFormulas,
  pressTable,
  pressUnits,
} from '../../src/theory/press.ts';

const a: PressModel = { context: 2048, vocabulary: 32_000, width: 4096, layers: 32 };
const b: PressModel = { context: 4096, vocabulary: 64_000, width: 6144, layers: 60 };
const c: PressModel = { context: 8192, vocabulary: 80_000, width: 12_288, layers: 96 };
const dLow: PressModel = { context: 100_000, vocabulary: 100_000, width: 16_000, layers: 120 };
const dHigh: PressModel = { context: 200_000, vocabulary: 200_000, width: 20_000, layers: 160 };

/** Equal to as many digits as a printed figure has. */
function expectPrinted(value: number, printed: string): void {
  const digits = printed.replace(/e.*/, '').replace(/\D/g, '').length;
  expect(Number(value.toPrecision(digits))).toBe(Number(printed));
}

test.each([
  ['A', a, '6.71e9', '1.75e8', '5.37e8', '1.46e13', '6.98e9', '1.34e11', '2.70e21'],
  ['B', b, '2.80e10', '5.89e8', '3.02e9', '1.25e14', '3.02e10', '5.59e11', '4.92e22'],
  ['C', c, '1.76e11', '1.96e9', '1.93e10', '1.59e15', '1.93e11', '3.52e12', '2.02e24'],
  ['D low', dLow, '3.72e11', '3.08e10', '3.84e11', '7.54e16', '7.53e11', '7.44e12', '1.66e25'],
  ['D high', dHigh, '7.76e11', '9.20e10', '1.28e12', '4.1e17', '2.05e12', '1.55e13', '9.4e25'],
])(
  'model %s costs what Table 3 prints',
  (_, model, parameters, activations, cache, forward, incremental, tokens, training) => {
    const costs = pressCosts(model);
    expectPrinted(costs.parameters, parameters);
    expectPrinted(costs.activations, activations);
    expectPrinted(costs.cache, cache);
    expectPrinted(costs.forwardMultiplyAdds, forward);
    expectPrinted(costs.incrementalMultiplyAdds, incremental);
    expectPrinted(costs.optimalTokens, tokens);
    expectPrinted(costs.trainingMultiplyAdds, training);
  },
);

test('the rows of Table 1 add up to its closed forms', () => {
  const sum = (key: 'multiplyAdds' | 'parameters', model: PressModel): number =>
    pressTable(model).reduce((total, row) => total + row[key] * (row.isPerLayer ? model.layers : 1), 0);
  for (const model of [a, b, c]) {
    const costs = pressCosts(model);
    expect(sum('multiplyAdds', model) / costs.forwardMultiplyAdds).toBeCloseTo(1, 12);
    expect(sum('parameters', model)).toBe(costs.parameters);
    expect(pressTable(model).reduce((total, { data }) => total + data, 0)).toBe(costs.activations);
  }
});

test('every closed form has a unit', () => {
  expect(Object.keys(pressUnits)).toEqual(Object.keys(pressCosts(a)));
});

test('tokens in proportion to parameters move equations 4 and 6 alone', () => {
  const [twenty, forty] = [pressCosts(a), pressCosts(a, 40)];
  expect(forty).toEqual({
    ...twenty,
    optimalTokens: 2 * twenty.optimalTokens,
    trainingMultiplyAdds: 2 * twenty.trainingMultiplyAdds,
  });
  expect(twenty.optimalTokens).toBe(20 * (twenty.parameters - 4 * a.layers * a.width)); // equation 4 leaves the norms out
});

test('equation 5 is three forward passes but for norms', () => {
  const { forwardMultiplyAdds, trainingMultiplyAddsPerContext } = pressCosts(a);
  const norms = 2 * a.layers * a.context * a.width;
  expect(trainingMultiplyAddsPerContext).toBe(3 * (forwardMultiplyAdds - norms));
});

test('naive attention keeps a score per pair and head', () => {
  expect(naiveAttentionValues(a, 32)).toBe(32 * 2048 * 2048);
});

test.each([
  [{ ...a, context: 0 }, /the context n is impossible: 0\. Give more than 0\./],
  [{ ...a, width: -1 }, /the width d is impossible: -1/],
  [{ ...a, layers: Number.NaN }, /the number of layers L is impossible: NaN/],
  [{ ...a, vocabulary: -1 }, /the vocabulary V is impossible: -1\. Give 0 or more\./],
])('a model that cannot be is refused', (model, message) => {
  expect(() => pressCosts(model)).toThrow(message);
  expect(() => pressTable(model)).toThrow(message);
});

test('every formula of Table 1 says what its row computes', () => {
  const letters = (model: PressModel) => ({ n: model.context, V: model.vocabulary, d: model.width });
  /** A product of letters, each with an exponent of one or two, and a leading number. */
  const evaluate = (formula: string, of: Readonly<Record<string, number>>): number =>
    formula.split('·').reduce((product, factor) => {
      const [, digits = '', letter = '', square = ''] = factor.match(/^(\d*)([nVd]?)(²?)$/) ?? [];
      expect(digits + letter, formula).not.toBe('');
      return product * Number(digits || 1) * (letter === '' ? 1 : of[letter] ** (square === '' ? 1 : 2));
    }, 1);
  for (const model of [a, dHigh]) {
    pressTable(model).forEach((row, index) => {
      for (const key of ['multiplyAdds', 'data', 'parameters'] as const)
        expect(evaluate(pressFormulas[index][key], letters(model)), row.task).toBe(row[key]);
    });
  }
});
