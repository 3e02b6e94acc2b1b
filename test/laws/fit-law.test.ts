// Tests of the reports: every law by its one entry, what is left out, scored on unseen runs, warned of and refused.
import { describe, expect, test } from 'vitest';
import { predictLoss } from '../../src/laws/chinchilla-law.ts';
import { fitLaw } from '../../src/laws/fit-law.ts';
import { cs336, epoch240, epoch245, syntheticStudy, tinyRuns } from './public-points.ts';

test('any law leaves out the runs that are named, and says so of each', () => {
  const [first, ...others] = cs336;
  const report = fitLaw(cs336, { law: 'isoflop', leaveOut: ['1'], leaveOutHighest: 1 });
  expect(report.leftOut).toMatchObject([
    { ...first, reason: 'by choice' },
    { reason: 'among the highest losses' },
  ]);
  expect(report.points).toBe(others.length - 1);
  const without = fitLaw(others, { law: 'isoflop', leaveOutHighest: 1 });
  expect(report.exponents?.parameters).toBeCloseTo(without.exponents?.parameters ?? Number.NaN, 9);
  expect(() => fitLaw(others, { law: 'isoflop', leaveOut: ['x'] })).toThrow(/no run "x" to leave out/);
  expect(() => fitLaw([first], { law: 'isoflop', leaveOut: ['1'] })).toThrow(/all 1 runs are left out/);
});

describe("Chinchilla's law", () => {
  test('leaves out the highest losses that it is told to, and lists them', () => {
    const report = fitLaw(epoch245, { law: 'chinchilla', leaveOutHighest: 5 });
    expect(report).toMatchObject({ method: 'huber', points: 240 });
    expect(report.leftOut).toHaveLength(5);
    expect(report.objective / 1.018274e-3).toBeCloseTo(1, 5);
    expect(report.exponents?.parameters).toBeCloseTo(0.5139, 3);
    expect(report.beside?.[0]).toMatchObject({ method: 'variable-projection' });
  });

  test('bootstraps the same intervals for the same seed, as wide as the reference ones', () => {
    const request = { law: 'chinchilla', method: 'variable-projection', bootstrap: 40, seed: 7 } as const;
    const few = () => fitLaw(tinyRuns('shakespeare'), { ...request, bootstrap: 8 }).intervals;
    expect(few()).toEqual(few());
    const { intervals } = fitLaw(epoch240, request);
    const [low, high] = intervals?.alpha ?? [0, 0];
    expect(low).toBeLessThan(0.3576);
    expect(high).toBeGreaterThan(0.3576);
    // scipy, 200 resamples: standard error 0.0114, so 95 % are about 0.044 wide.
    expect(high - low).toBeGreaterThan(0.02);
    expect(high - low).toBeLessThan(0.09);
  });

  test('flags the stories, whose templates are learnt, and not Shakespeare', () => {
    const stories = fitLaw(tinyRuns('stories'), { law: 'chinchilla', method: 'variable-projection' });
    expect(stories.judgement).toMatchObject({ obeys: false });
    expect(stories.judgement?.f).toBeCloseTo(151.2, 0);
    expect(stories.warnings.join()).toMatch(
      /do not follow the law: the law misses by 8.0\s% rms, 37.5\s% at worst/,
    );
    const shakespeare = fitLaw(tinyRuns('shakespeare'), { law: 'chinchilla', method: 'variable-projection' });
    expect(shakespeare.judgement).toMatchObject({ obeys: true });
  });

  test('is scored on runs that it has not seen', () => {
    const isLarge = ({ parameters, tokens }: { parameters: number; tokens: number }) =>
      parameters * tokens > 1e20;
    const report = fitLaw(
      epoch240.filter((point) => !isLarge(point)),
      { law: 'chinchilla', method: 'variable-projection', test: epoch240.filter(isLarge) },
    );
    expect(report.test?.points).toBe(epoch240.filter(isLarge).length);
    expect(report.test?.meanSquaredError).toBeLessThan(2e-3);
    expect(report.test?.spearman).toBeGreaterThan(0.9);
  });
});

describe('the conditional law', () => {
  test('finds the truth within three standard deviations, and ranks the next scale', () => {
    const study = syntheticStudy('multiplicative', 1);
    const fitted = study.filter(({ part }) => part !== 's4');
    const report = fitLaw(fitted, { law: 'conditional', test: study.filter(({ part }) => part === 's4') });
    expect(report).toMatchObject({ form: 'multiplicative', points: 42 });
    expect(report.leftOut).toHaveLength(18);
    // scipy's fit of these very rows.
    expect(report.parameters.c).toBeCloseTo(0.999204, 4);
    expect(report.parameters.kappaX).toBeCloseTo(0.0546948, 5);
    expect(report.parameters.optimumX).toBeCloseTo(0.110573, 4);
    expect(report.parameters.kappaR).toBeCloseTo(0.023642, 5);
    expect(report.parameters.optimumR).toBeCloseTo(1.61162, 3);
    expect(report.test).toMatchObject({ points: 14 });
    expect(report.test?.meanSquaredError).toBeCloseTo(3.2466e-5, 6);
    expect(report.test?.spearman).toBeCloseTo(0.978, 3);
    expect(report.tasks?.map(({ tested }) => tested)).toEqual([1e5, 3e5]);
  });

  test('shows what runs beyond trust would spoil', () => {
    const report = fitLaw(syntheticStudy('multiplicative', 1), { law: 'conditional' });
    expect(report.beside?.[0].method).toMatch(/24 runs of r < 0.5 or r > 5 left in/);
    expect(report.beside?.[0].parameters.optimumR).toBeLessThan(1);
  });

  test.each(['additive', 'joint'] as const)('fits the %s form of a study made by it', (form) => {
    const { parameters, warnings } = fitLaw(syntheticStudy(form, 1), { law: 'conditional', form });
    expect(parameters.optimumX).toBeCloseTo(0.11, 1);
    expect(parameters.optimumR).toBeGreaterThan(1.2);
    expect(parameters.optimumR).toBeLessThan(2.1);
    if (form === 'joint') expect(parameters.gamma).toBeLessThan(-0.3);
    expect(warnings).toEqual([]);
  });

  test('needs runs for L_opt', () => {
    const shaped = syntheticStudy('multiplicative', 1).filter(({ part }) => part === 's1');
    const bare = shaped.map(({ part: _, ...run }) => run);
    expect(() => fitLaw(bare, { law: 'conditional' })).toThrow(/L_opt\(N, D\) cannot be fitted/);
  });
});

describe('other laws', () => {
  test('IsoFLOP shows three methods side by side', () => {
    const report = fitLaw(cs336, { law: 'isoflop', bootstrap: 20 });
    expect(report.exponents?.parameters).toBeCloseTo(0.51458, 4);
    expect(report.beside?.map(({ method }) => method)).toContain('lowest');
    expect(report.optima).toHaveLength(9);
    expect(report.intervals?.['exponents.parameters']).toHaveLength(2);
  });

  test('the envelope of curves of a known law grows by its exponent', () => {
    const law = { E: 1.8, A: 480, B: 2085, alpha: 0.35, beta: 0.35 };
    const sizes = Array.from({ length: 15 }, (_, index) => 1e6 * 1.6 ** index);
    const curves = sizes.flatMap((parameters) =>
      Array.from({ length: 25 }, (_, step) => {
        const tokens = parameters * 10 ** (-0.7 + step / 8);
        return { parameters, tokens, loss: predictLoss(law, parameters, tokens) };
      }),
    );
    expect(fitLaw(curves, { law: 'envelope' }).exponents?.parameters).toBeCloseTo(0.5, 1);
  });

  test('a U along a column, and along experts', () => {
    const at = (x: number) => 3 + 0.1 * Math.log(x) + 0.02 / x;
    const runs = [0.05, 0.1, 0.2, 0.4].map((ratio) => ({
      parameters: 1e5,
      tokens: 2e6,
      ratio,
      loss: at(ratio),
    }));
    expect(fitLaw(runs, { law: 'u-shape', x: 'ratio' }).parameters.optimum).toBeCloseTo(0.2, 9);
    const experts = [1, 2, 4, 8].map((count) => ({
      ...{ parameters: 1e6, tokens: 1e7, experts: count },
      loss: 3 * count ** -0.05,
    }));
    const report = fitLaw(experts, { law: 'experts' });
    expect(report.parameters.experts).toBeCloseTo(-0.05, 9);
    expect(report.warnings.join()).toMatch(/No best number of experts/);
  });
});

describe('bad input', () => {
  const point = { parameters: 1e5, tokens: 1e6, loss: 3 };
  test.each([
    [[point, { ...point, loss: 2.9 }], /2 runs cannot fix 5 parameters/],
    [
      Array.from({ length: 6 }, (_, i) => ({ ...point, tokens: 1e6 * (i + 1) })),
      /all 6 runs have N = 100000/,
    ],
    [
      Array.from({ length: 6 }, (_, i) => ({ ...point, parameters: 1e5 * (i + 1) })),
      /all 6 runs have D = 1000000/,
    ],
    [[{ ...point, loss: Number.NaN }], /loss = NaN; all must be positive/],
  ])('is refused in one sentence', (points, message) => {
    expect(() => fitLaw(points, { law: 'chinchilla' })).toThrow(message);
  });

  test('methods of other laws, and leaving out all', () => {
    expect(() => fitLaw(epoch240, { law: 'chinchilla', method: 'akima' })).toThrow(/no fit by akima/);
    expect(() => fitLaw(epoch240, { law: 'isoflop', method: 'huber' })).toThrow(/no fit by huber/);
    expect(() => fitLaw(epoch240, { law: 'chinchilla', leaveOutHighest: 240 })).toThrow(/leaves none/);
  });
});
