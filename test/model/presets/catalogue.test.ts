// Tests of the presets: valid, stable, and what the literature says they are.
import { describe, expect, it, test } from 'vitest';
import type { Preset } from '../../../src/contract/form.ts';
import { layerAttention, scoreScale } from '../../../src/model/attention-config.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { hasExperts } from '../../../src/model/experts-config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { findPreset, presets } from '../../../src/model/presets/catalogue.ts';
import { findPublishedModel } from '../../../src/theory/published-models.ts';
import { near } from '../../near.ts';

function experimentOf(id: string): Experiment {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  return parsed.experiment;
}

test.each(presets.map(({ id }) => id))('%s is a valid experiment', (id) => {
  expect(parseExperiment(findPreset(id)?.experiment).kind).toBe('ok');
});

test('the presets fit the contract and keep their ids, because addresses name them', () => {
  const sent: readonly Omit<Preset, 'group'>[] = presets;
  expect(sent.map(({ id }) => id)).toEqual([
    'nano',
    'pico',
    'nano-gpt-cpu',
    'nano-gpt-gpu',
    'gpt2-124m',
    'small-llama',
    'gpt2-mini',
    'llama3-mini',
    'mistral-mini',
    'gemma3-mini',
    'olmo2-mini',
    'smollm2-mini',
    'qwen3-mini',
    'smollm3-mini',
    'mixtral-mini',
    'deepseek-v2-mini',
    'deepseek-v3-mini',
    'qwen3-moe-mini',
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
    optimizer: {
      kind: 'adamw',
      learningRate: near(1e-3),
      beta1: near(0.9),
      beta2: near(0.99),
      weightDecay: near(0.1),
    },
    schedule: { kind: 'cosine', warmupSteps: 100, minimumLearningRate: near(1e-4) },
  });
});

describe('miniatures of published models', () => {
  const shrunk = [
    ['gpt2-mini', 'gpt2'],
    ['llama3-mini', 'llama-3-8b'],
    ['mixtral-mini', 'mixtral-8x7b'],
    ['gemma3-mini', 'gemma-3-27b'],
    ['olmo2-mini', 'olmo-2-7b'],
    ['qwen3-mini', 'qwen3-0.6b'],
    ['qwen3-moe-mini', 'qwen3-30b-a3b'],
    ['smollm2-mini', 'smollm2-135m'],
    ['smollm3-mini', 'smollm3-3b'],
    ['deepseek-v3-mini', 'deepseek-v3'],
  ] as const;

  it.each(shrunk)('%s has what %s has, by the released configuration', (id, published) => {
    const { model } = experimentOf(id);
    const original = findPublishedModel(published)?.architecture;
    if (!original) throw new Error(`no published ${published}`);
    expect(model.heads / model.keyValueHeads, 'heads that share').toEqual(
      near(original.heads / original.keyValueHeads),
    );
    expect(model.bias).toBe(original.bias);
    expect(model.position === 'learned').toBe(original.learnedPositions);
    if (id !== 'mixtral-mini') expect(model.tiedHead).toBe(original.tiedHead); // kept small since it is a preset
    expect(model.queryKeyNorm).toBe(
      { none: 'none', perHead: 'head', allHeads: 'all' }[original.queryKeyNorm ?? 'none'],
    );
    const { feedForward } = original;
    expect(model.experts > 0).toBe(feedForward.kind === 'mixture');
    expect(model.attention === 'latent').toBe(original.latentAttention !== undefined);
    if (feedForward.kind === 'dense') {
      expect(model.gated).toBe(feedForward.gated);
      expect(model.hidden / model.width).toBeCloseTo(feedForward.hidden / original.width, 0);
    } else {
      expect(model.sharedExperts).toBe(feedForward.sharedExperts);
      expect(model.routerBiasRate > 0).toBe(feedForward.routerBias);
      expect(model.denseLayers > 0).toBe(feedForward.denseLayers > 0);
    }
    expect(model.windowPattern.length || undefined).toBe(original.windows?.globalEvery);
  });

  it('of Gemma 3 is the 27B model a sixty-fourth as wide, its scores scaled by width over heads', () => {
    const { model } = experimentOf('gemma3-mini');
    const original = findPublishedModel('gemma-3-27b')?.architecture;
    expect(model.width * 64).toBe(original?.width);
    expect(model.headSize * model.heads * 64).toBe((original?.headSize ?? 0) * (original?.heads ?? 0));
    expect(scoreScale(model) * Math.sqrt(model.width / model.heads)).toBeCloseTo(1, 3);
    const local = Array.from({ length: 6 }, (_, layer) => layerAttention(model, layer).isLocal);
    expect(local).toEqual([true, true, true, true, true, false]);
  });

  it('of SmolLM3 leaves positions out of every fourth layer, of Mistral sees a window in all', () => {
    const rotary = (id: string) => layersOf(id).map(({ isRotary }) => isRotary);
    expect(rotary('smollm3-mini')).toEqual([true, true, true, false]);
    expect(layersOf('mistral-mini').every(({ isLocal, window }) => isLocal && window === 32)).toBe(true);
  });

  it('of DeepSeek balance by a loss in the second version and by biases in the third', () => {
    const [second, third] = [experimentOf('deepseek-v2-mini').model, experimentOf('deepseek-v3-mini').model];
    expect(second).toMatchObject({ routerScore: 'softmax', renormalize: false, queryLatentSize: 0 });
    expect(third).toMatchObject({
      routerScore: 'sigmoid',
      renormalize: true,
      routerScale: near(2.5),
      balanceLoss: 0,
    });
    expect(second.balanceLoss).toBeGreaterThan(0);
    expect(third.queryLatentSize).toBeGreaterThan(0);
    for (const model of [second, third]) expect(hasExperts(model, 0)).toBe(false);
  });

  it.each([...shrunk.map(([id]) => id), 'mistral-mini', 'deepseek-v2-mini'])(
    '%s says where its configuration stands, and costs a token at most twice what it costs Nano',
    (id) => {
      expect(findPreset(id)?.note).toMatch(/\b20(17|19|2\d)\b/);
      const { model, train } = experimentOf(id);
      expect(train.batch * model.context).toBe(1024);
      expect(activeParameters(id)).toBeLessThan(2 * activeParameters('nano'));
    },
  );
});

function layersOf(id: string) {
  const { model } = experimentOf(id);
  return Array.from({ length: model.layers }, (_, layer) => layerAttention(model, layer));
}

/** Parameters that one token meets. */
function activeParameters(id: string): number {
  const { model } = experimentOf(id);
  const layers = Array.from({ length: model.layers }, (_, layer) => hasExperts(model, layer)).filter(Boolean);
  const idle = 3 * model.width * model.expertHidden * (model.experts - model.expertsPerToken);
  return countParameters({ ...model, vocabulary: 80 }) - layers.length * idle;
}
