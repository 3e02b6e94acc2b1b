// Preparing a run: every refusal comes before anything is allocated and says what kind of problem it is.
import { describe, expect, it } from 'vitest';
import { loadCorpus } from '../../../src/lab/plans/corpus.ts';
import { cpuEngine, type Engine } from '../../../src/lab/plans/engine.ts';
import { freshWeights } from '../../../src/lab/plans/open-model.ts';
import { readParameters } from '../../../src/lab/plans/parameter-io.ts';
import { readCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import {
  checkpointOf,
  prepareRun,
  type RunAdapter,
  weightsOf,
  withVocabulary,
} from '../../../src/lab/training/run.ts';
import { adapterOf } from '../../../src/model/huggingface/adapter-modules.ts';
import { type Changes, families, takeLosses, takeSteps, tinyExperiment, tinyRun } from './tiny-runs.ts';

/** An engine that counts the runtimes it makes and those that were given back. */
function countingEngine(overrides: Partial<Engine> = {}) {
  const counts = { created: 0, disposed: 0 };
  const inner = { ...cpuEngine(), ...overrides };
  const engine: Engine = {
    ...inner,
    createRuntime: async (...args) => {
      const runtime = await inner.createRuntime(...args);
      counts.created++;
      const dispose = runtime.dispose.bind(runtime);
      runtime.dispose = () => {
        counts.disposed++;
        dispose();
      };
      return runtime;
    },
  };
  return { engine, counts };
}

describe('a prepared run', () => {
  it('has its vocabulary from the text, its floors, its evaluation and its stages told', async () => {
    const stages: string[] = [];
    const run = await tinyRun({ train: { evaluationBatches: 3 } }, cpuEngine(), {
      onProgress: (what) => stages.push(what),
    });
    expect(run.experiment.model.vocabulary).toBe(run.corpus.tokenizer.vocabularySize);
    expect(run.floors.uniform).toBeCloseTo(Math.log(run.experiment.model.vocabulary), 9);
    expect(run.evaluation).toHaveLength(3);
    expect(stages.slice(0, 2)).toEqual(['reading the text', 'recording the plans']);
    expect(run.sampler).toBeUndefined();
  });

  it('starts from a seed, or from given weights', async () => {
    const [first, other] = [await tinyRun(), await tinyRun({ train: { seeds: { weights: 9 } } })];
    const weights = await weightsOf(first);
    expect(await weightsOf(other)).not.toEqual(weights);
    const given = await tinyRun({ train: { seeds: { weights: 9 } } }, cpuEngine(), { weights });
    expect(await weightsOf(given)).toEqual(weights);
    expect(await takeLosses(given, 3)).toEqual(await takeLosses(first, 3));
  });
});

describe('a run that cannot be', () => {
  const cases: [string, Changes, string, RegExp][] = [
    ['a context beyond the text', { model: { context: 4096 } }, 'invalidData', /split is shorter/],
    [
      'a vocabulary too small for the text',
      { model: { vocabulary: 3 } },
      'invalidConfig',
      /vocabulary: 3 is less/,
    ],
    [
      'a tensor beyond the limit',
      { model: { width: 8192, heads: 64 } },
      'tooLarge',
      /qkv.*\d+ bytes.*134217728/,
    ],
    ['a file without text', { data: { source: 'file' } }, 'invalidData', /no text was given/],
  ];

  it.each(cases)('for %s is refused before anything is allocated', async (_, changes, kind, message) => {
    const { engine, counts } = countingEngine();
    const refused = tinyRun(changes, engine);
    await expect(refused).rejects.toMatchObject({ name: 'LabError', problem: { kind } });
    await expect(refused).rejects.toThrow(message);
    expect(counts.created).toBe(0);
  });

  it('for the memory of the machine is refused, in bytes', async () => {
    const { engine, counts } = countingEngine({ memoryBytes: 100_000 });
    await expect(tinyRun({}, engine)).rejects.toThrow(/need \d+ bytes.*100000 of this machine/);
    expect(counts.created).toBe(0);
  });

  it('for weights of another model gives its memory back', async () => {
    const weights = await weightsOf(await tinyRun({ model: { width: 20 } }));
    const { engine, counts } = countingEngine();
    const refused = tinyRun({}, engine, { weights });
    await expect(refused).rejects.toMatchObject({ problem: { kind: 'invalidFile' } });
    expect(counts).toEqual({ created: 1, disposed: 1 });
  });

  it('for another text than that of its checkpoint is refused by its hash', async () => {
    const run = await tinyRun();
    await takeSteps(run, 1);
    const checkpoint = readCheckpoint(await checkpointOf(run));
    const corpus = await loadCorpus({ ...checkpoint.experiment.data, seed: 99 });
    const { engine, counts } = countingEngine();
    const resumed = prepareRun(engine, checkpoint.experiment, { checkpoint, corpus, withSampler: false });
    await expect(resumed).rejects.toThrow(/SHA-256 [0-9a-f]{12}…, not [0-9a-f]{12}…/);
    expect(counts.created).toBe(0);
  });
});

it('the vocabulary of a model may be larger than that of the text, not smaller', async () => {
  const experiment = tinyExperiment({ model: families.gpt2 });
  const corpus = await loadCorpus(experiment.data);
  const size = corpus.tokenizer.vocabularySize;
  const withSize = (vocabulary: number) =>
    withVocabulary({ ...experiment, model: { ...experiment.model, vocabulary } }, corpus).model.vocabulary;
  expect(withSize(0)).toBe(size);
  expect(withSize(size + 5)).toBe(size + 5);
  expect(() => withSize(size - 1)).toThrow('Use 0');
});

describe('a run of an adapter', () => {
  const changes = (kind: string): Changes => ({
    model: { ...families.llama, dropout: 0.1 },
    train: { accumulation: 2, optimizer: { kind, learningRate: 0.02 } },
  });
  /** A model of the text's vocabulary, its weights, and what is trained beside it. */
  async function tuned(kind: string) {
    const experiment = withVocabulary(tinyExperiment(changes(kind)), await loadCorpus(tinyExperiment().data));
    const config = { rank: 2, alpha: 8, dropout: 0.2, isRankStabilised: false, targets: ['q', 'v', 'down'] };
    const adapter: RunAdapter = { adapter: adapterOf(experiment.model, config), base: { name: 'base' } };
    const weights = freshWeights(experiment.model, 5);
    const prepare = (options: Partial<Parameters<typeof prepareRun>[2]> = {}) =>
      prepareRun(cpuEngine(), experiment, { withSampler: false, weights, adapter, ...options });
    return { experiment, weights, adapter, prepare };
  }

  it.each(['adamw', 'muon', 'adafactor'])(
    'with %s leaves its base as it is, learns, and goes on bit for bit',
    async (kind) => {
      const { weights, prepare } = await tuned(kind);
      const whole = await prepare();
      const losses = await takeLosses(whole, 8);
      const after = await readParameters(whole.runtime, whole.plans.model.store, 'weights');
      for (const [name, values] of weights) expect(after.get(name), name).toEqual(values);
      const own = await weightsOf(whole);
      expect(own.size).toBe(2 * 3 * 2);
      for (const [name, values] of own)
        expect(
          values.some((value) => value !== 0),
          name,
        ).toBe(true);

      const half = await prepare();
      await takeSteps(half, 4);
      const bytes = await checkpointOf(half);
      expect(() => readCheckpoint(bytes)).toThrow('an adapter to base alone');
      const checkpoint = readCheckpoint(bytes, true);
      expect([...checkpoint.weights.keys()].sort()).toEqual([...own.keys()].sort());
      const resumed = await prepare({ checkpoint });
      expect(await takeLosses(resumed, 4)).toEqual(losses.slice(4));
      expect(await weightsOf(resumed)).toEqual(own);
    },
  );

  it('is predicted with less memory and fewer flops than one of the model, and has what was predicted', async () => {
    const { prepare } = await tuned('adamw');
    const [adapter, model] = [await prepare(), await prepare({ adapter: undefined })];
    const [some, all] = [adapter.prediction.memoryBytes, model.prediction.memoryBytes];
    // 2 layers of q [16, 16], v [16, 8] and down [48, 16] with rank 2, each A and B on 256 numbers.
    expect(some.gradients).toBe(4 * 12 * 256);
    expect(some.moments).toBe(2 * some.gradients);
    expect(some.weights - all.weights).toBe(some.gradients);
    expect(some.gradients).toBeLessThan(all.gradients / 2);
    expect(adapter.trainer.flopsPerStep).toBeLessThan(0.8 * model.trainer.flopsPerStep);
    expect(adapter.plans.model.store.shards[0]?.gradients.storage.elements).toBe(12 * 256);
  });

  it('samples with what it has learned', async () => {
    const { prepare } = await tuned('adamw');
    const run = await prepare({ withSampler: true });
    const options = { maximumTokens: 12, temperature: 0, topK: 0, topP: 1, seed: 1, useCache: true };
    const draw = async () => (await run.sampler?.generate([1, 2], options))?.tokens;
    const before = await draw();
    await takeSteps(run, 30);
    const cached = await draw();
    expect(cached).not.toEqual(before);
    expect(await run.sampler?.generate([1, 2], { ...options, useCache: false })).toMatchObject({
      tokens: cached,
    });
  });
});
