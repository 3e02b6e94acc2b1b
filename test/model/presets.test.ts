// Tests of the presets: valid, stable, and what the literature says they are.
import { expect, test } from 'vitest';
import { type Experiment, parseExperiment } from '../../src/model/config.ts';
import { countParameters } from '../../src/model/parameters.ts';
import { findPreset, presets } from '../../src/model/presets.ts';
import type { Preset } from '../../src/worker/api.ts';

function experimentOf(id: string): Experiment {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  return parsed.experiment;
}

test.each(presets.map(({ id }) => id))('%s is a valid experiment', (id) => {
  expect(parseExperiment(findPreset(id)?.experiment).kind).toBe('ok');
});

test('the presets fit the contract and keep their ids, because addresses name them', () => {
  const sent: readonly Preset[] = presets;
  expect(sent.map(({ id }) => id)).toEqual([
    'nano',
    'nano-gpt-cpu',
    'nano-gpt-gpu',
    'gpt2-124m',
    'small-llama',
    'mixtral-mini',
  ]);
  expect(findPreset('__proto__')).toBeUndefined();
});

test.each([
  ['nano-gpt-cpu', 65, 804_096, 795_904],
  ['nano-gpt-gpu', 65, 10_745_088, 10_646_784],
  ['gpt2-124m', 50257, 124_439_808, 123_653_376],
])('%s with %i tokens has %i parameters, %i without positions', (id, vocabulary, all, withoutPositions) => {
  const model = { ...experimentOf(id).model, vocabulary };
  expect(countParameters(model)).toBe(all);
  expect(countParameters(model, { positions: false })).toBe(withoutPositions);
});

test('the nano preset is small enough for a software GPU of 40 GFLOP/s: under 100 ms of arithmetic a step', () => {
  const { model, train } = experimentOf('nano');
  const parameters = countParameters({ ...model, vocabulary: 80 }, { positions: false });
  const tokens = train.batch * model.context;
  const flops = tokens * (6 * parameters + 12 * model.layers * model.width * model.context);
  expect(flops / 40e9).toBeLessThan(0.1);
  expect(parameters).toBeGreaterThan(200_000);
});

test('the small Llama has all that sets Llama apart', () => {
  expect(experimentOf('small-llama').model).toMatchObject({
    norm: 'rmsNorm',
    position: 'rope',
    activation: 'silu',
    gated: true,
    heads: 6,
    keyValueHeads: 2,
    headSize: 32,
    hidden: 512,
    tiedHead: true,
  });
});

test('the miniature of Mixtral costs a token about what Nano costs, with more than twice the parameters', () => {
  const { model } = experimentOf('mixtral-mini');
  expect(model).toMatchObject({ experts: 8, expertsPerToken: 2, sharedExperts: 0, renormalize: true });
  const nano = experimentOf('nano').model;
  const all = countParameters({ ...model, vocabulary: 80 });
  const idle = model.layers * (model.experts - model.expertsPerToken) * 3 * model.width * model.expertHidden;
  const dense = countParameters({ ...nano, vocabulary: 80 });
  expect((all - idle) / dense).toBeGreaterThan(0.8);
  expect((all - idle) / dense).toBeLessThan(1.1);
  expect(all / dense).toBeGreaterThan(2);
});

test('the nanoGPT CPU configuration trains as published', () => {
  const { model, train } = experimentOf('nano-gpt-cpu');
  expect(model).toMatchObject({ layers: 4, heads: 4, width: 128, context: 64, bias: false, dropout: 0 });
  expect(train).toMatchObject({
    steps: 2000,
    batch: 12,
    clip: 1,
    evaluationInterval: 250,
    evaluationBatches: 20,
    optimizer: { kind: 'adamw', learningRate: 1e-3, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 },
    schedule: { kind: 'cosine', warmupSteps: 100, minimumLearningRate: 1e-4 },
  });
});
