// Tests of the laws over the number of experts.
import { expect, test } from 'vitest';
import { fitExperts, predictExperts } from '../../src/laws/experts-law.ts';

const run = (parameters: number, experts: number, loss: number) => ({
  parameters,
  experts,
  loss,
  tokens: 1e7,
});
const truth = { parameters: { constant: 2.5, size: -0.09, experts: -0.12, interaction: 0.006 } };

test('the bilinear law of sizes and experts is found', () => {
  const runs = [1e5, 1e6, 1e7].flatMap((size) =>
    [1, 4, 16].map((experts) => run(size, experts, predictExperts(truth, size, experts))),
  );
  const fit = fitExperts(runs);
  expect(fit.parameters.experts).toBeCloseTo(-0.12, 8);
  expect(fit.parameters.interaction).toBeCloseTo(0.006, 8);
  expect(fit.residualSum).toBeLessThan(1e-18);
});

test('at fixed total parameters there is a best number', () => {
  const at = (experts: number) => 3 + 0.05 * Math.log(experts) + 0.4 / experts;
  const fit = fitExperts([1, 2, 4, 8, 16, 32].map((experts) => run(1e6, experts, at(experts))));
  expect(fit.uShape?.optimum).toBeCloseTo(8, 6);
});

test('runs that tell nothing are refused', () => {
  expect(() => fitExperts([run(1, 4, 3), run(2, 4, 2)])).toThrow(/same number of experts/);
  const together = [1, 2, 3, 4].map((n) => run(10 ** n, 10 ** n, 3 / n));
  expect(() => fitExperts(together)).toThrow(/vary only together/);
});
