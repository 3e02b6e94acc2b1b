// Names of runs: the nearest preset, what was changed of it, grammar, and no name twice.
import { describe, expect, it } from 'vitest';
import { nearestPreset, titleOf, uniqueTitle } from '../../../src/lab/records/run-title.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { findPreset } from '../../../src/model/presets/catalogue.ts';

function experiment(id: string, model: object = {}, train: object = {}): Experiment {
  const preset = findPreset(id)?.experiment;
  const parsed = parseExperiment({
    ...preset,
    model: { ...preset?.model, ...model },
    train: { ...preset?.train, ...train },
  });
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment;
}

describe('titleOf', () => {
  it('is the preset and its text where nothing was changed', () => {
    expect(titleOf({ experiment: experiment('nano', { vocabulary: 60 }) })).toBe('Nano on stories');
    expect(titleOf({ experiment: experiment('gemma3-mini') }, 'own.txt')).toBe(
      'Gemma 3, a miniature on own.txt',
    );
  });

  it('names a few changes', () => {
    expect(titleOf({ experiment: experiment('nano', {}, { steps: 500 }) })).toBe(
      'Nano, steps 2500→500 on stories',
    );
  });

  it('is the shape where much was changed, in the singular of one layer', () => {
    const other = experiment(
      'nano',
      { layers: 1, width: 20, heads: 2, hidden: 40, context: 16 },
      { batch: 3 },
    );
    expect(titleOf({ experiment: other })).toBe('1 layer of 20 on stories');
  });
});

it('seeds and texts do not make another preset of an experiment', () => {
  const seeded = experiment('nano', {}, { seeds: { weights: 5, data: 6, dropout: 7 } });
  const settings = ['seeds.weights', 'seeds.data', 'seeds.dropout'].map((name) =>
    expect.stringContaining(name),
  );
  expect(nearestPreset(seeded)).toEqual({ title: 'Nano', changes: [], settings });
});

it('numbers a title that another run has', () => {
  expect(uniqueTitle('Nano', ['Pico'])).toBe('Nano');
  expect(uniqueTitle('Nano', ['Nano', 'Nano (2)'])).toBe('Nano (3)');
});
