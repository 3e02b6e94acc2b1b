// The recorded shapes are those of the study that is named as their source.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { recordedShapes } from '../../../src/lab/lessons/recorded-shapes.ts';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';

it('the study makes nine shapes of the recorded size and length, which differ in d/√N alone', () => {
  const study = parseStudy(JSON.parse(readFileSync('test/fixtures/u-in-the-middle.json', 'utf8')), 'study');
  const { runs } = expandStudy(study, 27);
  const { parameters, tokens, runs: recorded } = recordedShapes;
  expect(runs.map(({ shape }) => shape.width)).toEqual(recorded.map(({ width }) => width));
  for (const run of runs) {
    expect(run.shape.parameters).toBe(parameters);
    expect(run.tokens).toBe(tokens);
    expect(run.shape.mlpToAttention).toBeCloseTo(2, 9);
  }
});
