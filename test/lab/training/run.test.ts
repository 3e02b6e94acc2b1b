// Preparing a run: every refusal comes before anything is allocated and says what kind of problem it is.
import { describe, expect, it } from 'vitest';
import { loadCorpus } from '../../../src/lab/plans/corpus.ts';
import { cpuEngine, type Engine } from '../../../src/lab/plans/engine.ts';
import { readCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import { checkpointOf, prepareRun, weightsOf, withVocabulary } from '../../../src/lab/training/run.ts';
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
