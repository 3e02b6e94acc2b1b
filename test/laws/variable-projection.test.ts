// Tests of variable projection: the inner solution, the fit of Epoch's points, and the text that obeys no law.
import { describe, expect, test } from 'vitest';
import { fitVariableProjection, solveInner } from '../../src/laws/variable-projection.ts';
import { epoch240, fixture } from './public-points.ts';

describe('variable projection', () => {
  test.each(fixture.expected.inner)('solves E, A and B at α $alpha, β $beta', (expected) => {
    const { parameters, residualSum } = solveInner(epoch240, expected.alpha, expected.beta);
    expect(Math.abs(residualSum / expected.rss - 1)).toBeLessThan(1e-8);
    expect(Math.abs(parameters.A / expected.A - 1)).toBeLessThan(1e-8);
    expect(Math.abs(parameters.B / expected.B - 1)).toBeLessThan(1e-8);
    expect(Math.abs(parameters.E - expected.E)).toBeLessThan(1e-8);
  });

  test.each(fixture.expected.projection)('fits $n points as the reference does', (expected) => {
    const isSmall = ({ parameters, tokens }: { parameters: number; tokens: number }) =>
      6 * parameters * tokens < 1e21;
    const points = expected.n === 217 ? epoch240.filter(isSmall) : epoch240;
    expect(points).toHaveLength(expected.n);
    const { parameters, residualSum, isAtBound } = fitVariableProjection(points);
    expect(Math.abs(residualSum / expected.rss - 1)).toBeLessThan(1e-6);
    expect(Math.abs(parameters.alpha - expected.alpha)).toBeLessThan(2e-4);
    expect(Math.abs(parameters.beta - expected.beta)).toBeLessThan(2e-4);
    expect(Math.abs(parameters.E - expected.E)).toBeLessThan(5e-4);
    expect(isAtBound).toBe(false);
  });
});
