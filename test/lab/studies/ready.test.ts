// Tests of the ready studies: their points, what branches save, and that they are legal.
import { expect, test } from 'vitest';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';

test.each([
  ['software-minute', 9, 3],
  ['minute', 21, 5],
  ['class', 72, 12],
  ['night', 133, 19],
])('%s has %d points on %d trunks', (name, points, trunks) => {
  const { runs } = expandStudy(parseStudy(readyStudies[name], name), 24);
  expect([runs.length, new Set(runs.map(({ trunk }) => trunk)).size]).toEqual([points, trunks]);
  const [smallest] = runs;
  expect(smallest.shape.parameters).toBe(3456);
  expect(smallest.experiment.train.optimizer.learningRate).toBeCloseTo(0.008, 12);
  expect(smallest.experiment.train.evaluationBatches).toBe(64);
});

test('shapes has one size in shapes that differ', () => {
  const { runs } = expandStudy(parseStudy(readyStudies.shapes, 'shapes'), 24);
  const wide = runs.filter(({ shape }) => shape.parameters > 120_000);
  for (const { shape } of wide) expect(Math.abs(Math.log(shape.parameters / 148_000))).toBeLessThan(0.05);
  expect(new Set(wide.map(({ shape }) => shape.ratio)).size).toBeGreaterThan(6);
});
