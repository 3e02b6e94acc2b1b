// Tests of the measured speed of answers, on the reference loops.
import { expect, test } from 'vitest';
import { loadCorpus } from '../../../src/lab/plans/corpus.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { measureAnswers } from '../../../src/lab/studies/speed.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { exampleStudy } from './example-study.ts';

test('answers are measured in tokens a second', async () => {
  const [{ experiment }] = expandStudy(parseStudy(exampleStudy, 'x'), 20).runs;
  const corpus = await loadCorpus(experiment.data);
  const rate = await measureAnswers(cpuEngine(), experiment, corpus, { prompt: 4, output: 5 });
  expect(rate).toBeGreaterThan(0);
  expect(Number.isFinite(rate)).toBe(true);
});
