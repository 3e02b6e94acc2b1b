// The recorded shapes are those of the studies that are named as their source.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { recordedShapes } from '../../../src/lab/lessons/recorded-shapes.ts';
import { recordedShares } from '../../../src/lab/lessons/recorded-shares.ts';
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

it('the study shares one size and width out in the recorded ways', () => {
  const study = parseStudy(JSON.parse(readFileSync('test/fixtures/attention-or-mlp.json', 'utf8')), 'study');
  const { runs } = expandStudy(study, 27);
  const { parameters, width, tokens, runs: recorded } = recordedShares;
  expect(runs).toHaveLength(recorded.length);
  const byRatio = [...runs].sort((a, b) => a.shape.mlpToAttention - b.shape.mlpToAttention);
  for (const [index, run] of byRatio.entries()) {
    expect(run.shape.mlpToAttention).toBeCloseTo(recorded[index].r, 9);
    expect(run.shape.parameters).toBe(parameters);
    expect(run.shape.width).toBe(width);
    expect(run.tokens).toBe(tokens);
  }
});
