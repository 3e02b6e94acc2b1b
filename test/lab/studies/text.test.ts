// The text of a study: its base needs no steps, and its beginning is enough to plan.
import { expect, test } from 'vitest';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { glimpseOf, startOf } from '../../../src/lab/studies/text.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { exampleStudy, studyWith } from './example-study.ts';

test('a base without steps is an experiment, of which a glimpse of the text is enough', () => {
  const { steps: _, ...train } = exampleStudy.base.train;
  const base = { ...exampleStudy.base, train, data: { source: 'zipf', characters: 9_000_000 } };
  const parsed = parseExperiment(startOf(parseStudy(studyWith({ base }), 'x')));
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  expect(parsed.experiment.train.steps).toBe(1);
  expect(glimpseOf(parsed.experiment.data).characters).toBe(200_000);
});
