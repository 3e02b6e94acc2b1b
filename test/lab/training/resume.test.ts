// What a resumed run may change, and which step it ends at.
import { describe, expect, it } from 'vitest';
import { experimentFrom } from '../../../src/cli/experiments.ts';
import { lastStepOf, resumedExperiment } from '../../../src/lab/training/resume.ts';
import { tinyExperiment } from '../../cli/run-command.ts';

const saved = experimentFrom('saved', {
  ...tinyExperiment,
  model: { ...tinyExperiment.model, vocabulary: 15 },
  train: { ...tinyExperiment.train, seeds: { weights: 7, data: 7, dropout: 7 } },
});
const wanted = experimentFrom('wanted', tinyExperiment);

describe('resumedExperiment', () => {
  it('takes seeds and vocabulary from the checkpoint', () => {
    const { experiment, changed } = resumedExperiment(wanted, { experiment: saved });
    expect(experiment).toEqual(saved);
    expect(changed).toEqual([]);
  });

  it('lets the number of steps and the rate change, and says so', () => {
    const longer = { ...wanted, train: { ...wanted.train, steps: 99 } };
    const { experiment, changed } = resumedExperiment(longer, { experiment: saved });
    expect(experiment.train.steps).toBe(99);
    expect(changed).toEqual(['train.steps is 99 and was 8']);
  });

  it.each([
    ['model.layers', { ...wanted, model: { ...wanted.model, layers: 2 } }],
    ['train.batch', { ...wanted, train: { ...wanted.train, batch: 3 } }],
    ['data.source', { ...wanted, data: { ...wanted.data, source: 'stories' as const } }],
  ])('refuses another %s', (path, other) => {
    expect(() => resumedExperiment(other, { experiment: saved })).toThrow(`resume: ${path} is`);
  });
});

describe('lastStepOf', () => {
  it('counts from the beginning of the run', () => {
    expect(lastStepOf(40, 20)).toBe(40);
    expect(lastStepOf(40, 0)).toBe(40);
  });

  it('takes as many more when the run is there already', () => {
    expect(lastStepOf(20, 20)).toBe(40);
    expect(lastStepOf(10, 20)).toBe(30);
  });
});
