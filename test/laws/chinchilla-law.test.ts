// Tests of Chinchilla's law as numbers.
import { expect, test } from 'vitest';
import { centreRuns, optimumExponents, predictLoss } from '../../src/laws/chinchilla-law.ts';

const law = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 };

test('predicts the loss of Chinchilla itself', () => {
  expect(predictLoss(law, 70e9, 1.4e12)).toBeCloseTo(1.69 + 0.0835 + 0.1634, 3);
});

test('its exponents sum to 1', () => {
  const { parameters, tokens } = optimumExponents(law);
  expect(parameters).toBeCloseTo(0.28 / 0.62, 12);
  expect(parameters + tokens).toBeCloseTo(1, 12);
});

test('centred logarithms sum to 0', () => {
  const runs = centreRuns([
    { parameters: 10, tokens: 1000, loss: 3 },
    { parameters: 1000, tokens: 10, loss: 2 },
  ]);
  expect(runs.logParameters[0] + runs.logParameters[1]).toBeCloseTo(0, 12);
  expect(Math.exp(runs.meanLogTokens)).toBeCloseTo(100, 9);
});
