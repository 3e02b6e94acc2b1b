// Exact resume: train 2n = train n, save, load, train n, bit for bit; and one clear error for every damaged file.
import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../../src/data/safetensors.ts';
import { type OptimizerName, optimizerNames } from '../../../src/kernels/optimizer-table.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { readCheckpoint, restoreCheckpoint, writeCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import { checkpointOf, prepareRun } from '../../../src/lab/training/run.ts';
import { families, stateOf, takeLosses, takeSteps, tinyRun } from './tiny-runs.ts';

/** The file with its description or its tensors changed. */
function changed(
  bytes: Uint8Array,
  change: (facts: Record<string, unknown>) => unknown,
  tensors: (entries: [string, { shape: readonly number[]; data: Float32Array }][]) => typeof entries = (
    all,
  ) => all,
): Uint8Array {
  const file = readSafetensors(bytes);
  const facts = change(JSON.parse(file.metadata.get('flopscope') ?? '{}'));
  const entries = [...file.tensors].map(
    ([name, { shape, data }]): [string, { shape: readonly number[]; data: Float32Array }] => [
      name,
      { shape, data: data().slice() },
    ],
  );
  return writeSafetensors(tensors(entries), [['flopscope', JSON.stringify(facts)]]);
}

const withDropout = { model: { ...families.gpt2, dropout: 0.2 }, train: { accumulation: 2 } };
const experts = { ...families.llama, bias: true, experts: 3, denseLayers: 1 };
const changesOf = (kind: OptimizerName) =>
  kind === 'adamw'
    ? withDropout
    : { model: experts, train: { optimizer: { kind, learningRate: 0.01 }, accumulation: 2 } };

describe('a checkpoint', () => {
  it.each(optimizerNames)('continues a run with %s bit for bit', async (kind) => {
    const whole = await tinyRun(changesOf(kind));
    const losses = await takeLosses(whole, 8);

    const first = await tinyRun(changesOf(kind));
    const found = await takeLosses(first, 4);
    const bytes = await checkpointOf(first);
    first.runtime.dispose();

    const checkpoint = readCheckpoint(bytes);
    const second = await prepareRun(cpuEngine(), checkpoint.experiment, { checkpoint, withSampler: true });
    const records = await takeSteps(second, 4);
    found.push(...records.map(({ loss }) => loss));
    expect(found).toEqual(losses);
    expect(records.map(({ step }) => step)).toEqual([5, 6, 7, 8]);
    expect(await stateOf(second)).toEqual(await stateOf(whole));
    expect(second.trainer.batches.cursor).toEqual(whole.trainer.batches.cursor);
    expect(second.trainer.progress).toMatchObject({ step: 8, tokens: whole.trainer.progress.tokens });
    expect(second.trainer.progress.seconds).toBeGreaterThan(checkpoint.progress.seconds);
  });

  it('holds what a run needs and nothing is lost on the way', async () => {
    const run = await tinyRun(withDropout);
    await takeSteps(run, 2);
    const checkpoint = readCheckpoint(await checkpointOf(run));
    expect(checkpoint.experiment).toEqual(run.experiment);
    expect(checkpoint.progress).toEqual(run.trainer.progress);
    expect(checkpoint.cursor).toEqual(run.trainer.batches.cursor);
    expect(checkpoint.dataSha256).toBe(run.corpus.sha256);
    expect(checkpoint.tokenizer?.toJSON()).toEqual(run.corpus.tokenizer.toJSON());
    expect([...checkpoint.weights.keys()].sort()).toEqual(
      [...run.plans.model.store.parameters.keys()].sort(),
    );
    expect([...checkpoint.states.keys()]).toEqual(['moment0', 'moment1']);
  });

  it('has states of the parameters that the optimizer keeps them of', async () => {
    const run = await tinyRun(changesOf('adafactor'));
    const { states } = readCheckpoint(await checkpointOf(run));
    const { width, hidden, vocabulary } = run.experiment.model;
    const some = ['tokenEmbedding', 'layers.1.attention.qkv', 'layers.1.experts.gateUp', 'finalNorm'];
    const sizes = (state: string) => some.map((name) => states.get(state)?.get(name)?.length);
    expect(sizes('rowFactors')).toEqual([vocabulary, 3 * width, 3 * 2 * width, undefined]);
    expect(sizes('columnFactors')).toEqual([width, 2 * width, 3 * 2 * hidden, undefined]);
    expect(sizes('variances')).toEqual([undefined, undefined, undefined, width]);
  });

  it('of an older version, with moments that Muon does not keep any more, still resumes', async () => {
    const run = await tinyRun(changesOf('muon'));
    await takeSteps(run, 2);
    const older = changed(
      await checkpointOf(run),
      (facts) => facts,
      (entries) => {
        const missing = entries
          .filter(([name]) => name.startsWith('moment0.'))
          .map(([name, { shape, data }]): (typeof entries)[number] => {
            return [name.replace('moment0', 'moment1'), { shape, data: data.map(() => 0) }];
          })
          .filter(([name]) => !entries.some(([known]) => known === name));
        expect(missing.length).toBeGreaterThan(0);
        return [...entries, ...missing];
      },
    );
    const checkpoint = readCheckpoint(older);
    const resumed = await prepareRun(cpuEngine(), checkpoint.experiment, { checkpoint, withSampler: false });
    expect(await stateOf(resumed)).toEqual(await stateOf(run));
  });

  it('of a run over listed batches keeps its place and needs no tokenizer', async () => {
    const run = await tinyRun();
    const facts = {
      experiment: run.experiment,
      progress: { step: 3, tokens: 96, seconds: 1.5 },
      cursor: { kind: 'list', next: 3 } as const,
      tokenizer: undefined,
      dataSha256: undefined,
    };
    const checkpoint = readCheckpoint(await writeCheckpoint(run.runtime, run.plans.model.store, facts));
    expect(checkpoint).toMatchObject(facts);
    const resumed = prepareRun(cpuEngine(), run.experiment, { checkpoint, withSampler: false });
    await expect(resumed).rejects.toMatchObject({ problem: { kind: 'invalidFile' } });
    await expect(resumed).rejects.toThrow('listed batches');
  });
});

describe('a damaged checkpoint', () => {
  const whole = (async () => {
    const run = await tinyRun();
    await takeSteps(run, 1);
    return { run, bytes: await checkpointOf(run) };
  })();
  const same = (facts: Record<string, unknown>) => facts;

  it('that is cut short is refused at any length', async () => {
    const { bytes } = await whole;
    for (const length of [0, 5, 100, Math.floor(bytes.length / 2), bytes.length - 1]) {
      expect(() => readCheckpoint(bytes.subarray(0, length))).toThrow(/^safetensors: /);
    }
  });

  it('whose header is overwritten is refused', async () => {
    const { bytes } = await whole;
    for (const at of [0, 7, 9, 40]) {
      const copy = bytes.slice();
      copy[at] = 0xff;
      expect(() => readCheckpoint(copy), `byte ${at}`).toThrow(/^(safetensors|checkpoint|JSON)/);
    }
  });

  it('that holds what is no number is refused, naming the place', async () => {
    const { bytes } = await whole;
    const bad = changed(bytes, same, (entries) => {
      entries.find(([name]) => name === 'moment1.finalNorm')?.[1].data.fill(Number.NaN, 5, 6);
      return entries;
    });
    expect(() => readCheckpoint(bad)).toThrow('moment1.finalNorm[5] is NaN');
  });

  it.each([
    ['a newer version', { version: 2, somethingNew: true }, 'version 2 is newer than 1'],
    ['an unknown version', { version: 0 }, 'version'],
    ['a negative step', { progress: { step: -1, tokens: 0, seconds: 0 } }, 'progress.step'],
    ['a step that is no integer', { progress: { step: 1e300, tokens: 0, seconds: 0 } }, 'progress.step'],
    ['a cursor of another kind', { cursor: { kind: 'tape' } }, 'cursor'],
    ['a generator state too short', { cursor: { kind: 'random', state: [1, 2, 3] } }, 'cursor'],
    ['a hash that is none', { dataSha256: 'abc' }, 'dataSha256'],
    ['an unknown field', { weather: 'fair' }, 'weather'],
    ['no experiment', { experiment: undefined }, 'experiment|model'],
    ['another tokenizer format', { tokenizer: { format: 'other' } }, 'tokenizer'],
  ])('with %s is refused in one sentence', async (_, change, message) => {
    const { bytes } = await whole;
    const bad = changed(bytes, (facts) => ({ ...facts, ...change }));
    expect(() => readCheckpoint(bad)).toThrow(new RegExp(message));
    try {
      readCheckpoint(bad);
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });

  it('that is a model without a run is refused', async () => {
    const { bytes } = await whole;
    const plain = writeSafetensors(
      [...readSafetensors(bytes).tensors].map(([name, { shape, data }]) => [name, { shape, data: data() }]),
    );
    expect(() => readCheckpoint(plain)).toThrow('has no run in it');
  });

  it.each([
    ['without a parameter', (name: string) => name !== 'weights.finalNorm', 'finalNorm needs [16] numbers'],
    ['without a moment of a parameter', (name: string) => name !== 'moment0.finalNorm', 'finalNorm needs'],
    [
      'without the second moments',
      (name: string) => !name.startsWith('moment1'),
      'has moment0 of the optimizer, and this run needs moment0, moment1',
    ],
  ])('%s is refused', async (_, keep, message) => {
    const { run, bytes } = await whole;
    const bad = readCheckpoint(changed(bytes, same, (entries) => entries.filter(([name]) => keep(name))));
    expect(() => restoreCheckpoint(run.runtime, run.plans.model.store, bad)).toThrow(message);
  });

  it('of another model is refused, by name or by size', async () => {
    const { run, bytes } = await whole;
    const { store } = run.plans.model;
    const checkpoint = readCheckpoint(bytes);
    const deeper = await tinyRun({ model: { layers: 3 } });
    const other = readCheckpoint(await checkpointOf(deeper));
    expect(() => restoreCheckpoint(run.runtime, store, other)).toThrow('layers.2');
    const wider = await tinyRun({ model: { width: 20 } });
    expect(() => restoreCheckpoint(wider.runtime, wider.plans.model.store, checkpoint)).toThrow(/needs \[/);
  });

  it('with an impossible generator state is refused before anything runs', async () => {
    const { bytes } = await whole;
    const checkpoint = readCheckpoint(
      changed(bytes, (facts) => ({ ...facts, cursor: { kind: 'random', state: [0, 0, 0, 0] } })),
    );
    const resumed = prepareRun(cpuEngine(), checkpoint.experiment, { checkpoint, withSampler: false });
    await expect(resumed).rejects.toMatchObject({ problem: { kind: 'invalidFile' } });
  });
});
