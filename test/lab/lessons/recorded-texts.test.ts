// The recorded runs on two texts are those of the studies that are named as their source.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { recordedTexts } from '../../../src/lab/lessons/recorded-texts.ts';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';

it.each(['zipf', 'stories'] as const)('the study makes the recorded sizes and lengths on %s', (text) => {
  const study = parseStudy(JSON.parse(readFileSync(`test/fixtures/law-${text}.json`, 'utf8')), text);
  const { runs } = expandStudy(study, 27);
  const cells = runs.map(({ shape, tokens }) => [shape.parameters, tokens]);
  expect(cells).toEqual(recordedTexts[text].map(({ parameters, tokens }) => [parameters, tokens]));
  expect(runs[0].experiment.data.source).toBe(text);
  expect(new Set(runs.map(({ trunk }) => trunk)).size).toBe(3);
});
