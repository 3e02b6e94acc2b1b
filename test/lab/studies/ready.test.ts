// Tests of the ready studies: their points, what branches save, and that they are legal.
import { expect, test } from 'vitest';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';

test.each([
  ['software-minute', 9, 3],
  ['minute', 21, 5],
  ['class', 88, 16],
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

test('class has every size twice, and large ones not at half a million tokens', () => {
  const { runs } = expandStudy(parseStudy(readyStudies.class, 'class'), 24);
  for (const parameters of new Set(runs.map(({ shape }) => shape.parameters))) {
    const ofSize = runs.filter(({ shape }) => shape.parameters === parameters);
    expect(new Set(ofSize.map(({ trunk }) => trunk)).size).toBeGreaterThan(1);
    const shortest = Math.min(...ofSize.map(({ tokens }) => tokens));
    expect(shortest).toBe(parameters > 100_000 ? 1_048_576 : 524_288);
  }
});
