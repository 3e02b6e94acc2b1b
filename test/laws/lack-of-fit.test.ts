// Tests of the judgement of a fit: the reference's F of tiny models on stories, and runs without repeats.
import { expect, test } from 'vitest';
import { predictLoss } from '../../src/laws/chinchilla-law.ts';
import { judgeFit } from '../../src/laws/lack-of-fit.ts';
import { fitVariableProjection } from '../../src/laws/variable-projection.ts';
import { fixture, tinyRuns } from './public-points.ts';

test('the misfit of stories is that of the reference', () => {
  const runs = tinyRuns('stories');
  const { parameters } = fitVariableProjection(runs);
  const judgement = judgeFit(runs, ({ parameters: n, tokens }) => predictLoss(parameters, n, tokens), 5);
  const [expected] = fixture.expected.tiny;
  expect((judgement.f ?? 0) / expected.lack_of_fit_F).toBeCloseTo(1, 2);
  expect(judgement.rmsLogResidual / expected.rms_log_residual).toBeCloseTo(1, 3);
  expect(judgement.obeys).toBe(false);
});

test('without repeats only the misfit judges', () => {
  const runs = [2, 3, 4].map((loss) => ({ parameters: loss, tokens: 1, loss }));
  const judgement = judgeFit(runs, ({ loss }) => loss * 1.01, 1);
  expect(judgement).toMatchObject({ f: undefined, repeatDeviation: undefined, obeys: true });
  expect(judgement.rmsLogResidual).toBeCloseTo(Math.log(1.01), 9);
});
