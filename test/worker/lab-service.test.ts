// The contract of the worker without a GPU: expected failures are values, and nothing needs a device that needs none.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LabEvent } from '../../src/contract/runs.ts';
import type { ExperimentJson, Result } from '../../src/contract/values.ts';
import { createLab } from '../../src/worker/lab-service.ts';
import { tinyExperiment } from '../lab/training/tiny-runs.ts';

const experiment = (changes = {}): ExperimentJson => JSON.parse(JSON.stringify(tinyExperiment(changes)));

function expectValue<T>(result: Result<T>): T {
  if (result.kind === 'problem') throw new Error(result.problem.message);
  return result.value;
}

describe('the lab', () => {
  // The reference loops, as where a browser has no SIMD.
  beforeEach(() => void vi.stubGlobal('WebAssembly', undefined));
  afterEach(() => void vi.unstubAllGlobals());

  it('offers presets that are valid and whose derived sizes are left to follow', async () => {
    const lab = createLab();
    const { presets, fields, version } = await lab.catalogue();
    expect(version).toBeGreaterThan(0);
    expect(presets.length).toBeGreaterThanOrEqual(5);
    expect(fields.map(({ path }) => path)).toContain('model.width');
    for (const preset of presets) {
      expect((await lab.validate(preset.experiment)).kind).toBe('ok');
      // A head size that stands there is one that does not follow: Gemma, Qwen3 and DeepSeek have such.
      const { headSize, heads, width } = preset.experiment.model;
      expect(Number(headSize) * Number(heads)).not.toBe(width);
    }
  });

  it('names every field that is wrong', async () => {
    const wrong = { ...experiment(), model: { layers: 0, width: 'wide', heads: 2, context: 8 } };
    const result = await createLab().validate(wrong);
    if (result.kind === 'ok') throw new Error('a problem is expected');
    expect(result.problem.kind).toBe('invalidConfig');
    expect(result.problem.fields?.map(({ path }) => path)).toEqual(['model.layers', 'model.width']);
  });

  it('reads the addresses that it writes, and takes the first preset for one that it cannot read', async () => {
    const lab = createLab();
    const { presets } = await lab.catalogue();
    const [first] = presets;
    if (!first) throw new Error('a preset is expected');
    const changed = { ...first.experiment, model: { ...first.experiment.model, layers: 7 } };
    const state = await lab.fromAddress(await lab.addressOf(changed, first.id));
    expect(state).toMatchObject({ presetId: first.id, experiment: changed, notices: [] });
    const strange = await lab.fromAddress('v=99&preset=nothing');
    expect(strange.presetId).toBe(first.id);
    expect(strange.notices.length).toBeGreaterThan(0);
  });

  it('without WebGPU says why and runs the reference loops', async () => {
    const device = expectValue(await createLab().openDevice());
    expect(device.runtime).toBe('cpu');
    expect(device.fallbackReason?.kind).toBe('noWebGpu');
  });

  it('changes the runtime between runs, not while one trains, and closes what is open', async () => {
    const lab = createLab();
    const processor = { runtime: 'wasm', threads: 1 } as const;
    expectValue(await lab.start(experiment({ train: { steps: 100_000 } })));
    expect(await lab.openDevice(processor)).toMatchObject({
      kind: 'problem',
      problem: { kind: 'busy', message: 'A run is training: pause it or wait.' },
    });
    await lab.pause();
    // The reference loops are what there is, but nobody looked for a GPU.
    expect(expectValue(await lab.openDevice(processor)).fallbackReason).toBeUndefined();
    expect(await lab.kernelTable(false, () => undefined)).toMatchObject({ kind: 'problem' });
    expectValue(await lab.prepare(experiment()));
    expectValue(await lab.openDevice(processor)); // no other choice: the run stays open
    expectValue(await lab.kernelTable(false, () => undefined));
    expect(expectValue(await lab.openDevice({ runtime: 'gpu' })).fallbackReason?.kind).toBe('noWebGpu');
  });

  it('measures and tests GPUs only', async () => {
    const lab = createLab();
    for (const result of [await lab.selfTest(() => undefined), await lab.calibrate(false, () => undefined)]) {
      expect(result).toMatchObject({ kind: 'problem', problem: { kind: 'noAdapter' } });
    }
    expect(await lab.keptCalibration()).toBeUndefined();
  });

  it('predicts without allocating, and refuses what does not fit by naming it', async () => {
    const lab = createLab();
    expect(expectValue(await lab.predict(experiment())).parameters).toBeGreaterThan(1000);
    const { presets } = await lab.catalogue();
    const gpt2 = presets.find(({ id }) => id === 'gpt2-124m');
    const prediction = expectValue(await lab.predict(gpt2?.experiment ?? experiment()));
    expect(prediction.memoryBytes.total).toBeGreaterThan(4 * 4 * 124_000_000);
    const refused = await lab.prepare(gpt2?.experiment ?? experiment());
    expect(refused).toMatchObject({ kind: 'problem', problem: { kind: 'tooLarge' } }); // the reference loops are for small models
    const large = await lab.predict(experiment({ model: { width: 8192, heads: 64 } }));
    expect(large).toMatchObject({ kind: 'problem', problem: { kind: 'tooLarge' } });
    if (large.kind === 'problem') expect(large.problem.message).toMatch(/attention\.qkv \[8192, 24576\]/);
  });

  it('trains: one stream of events, batched, from prepared to finished', async () => {
    const lab = createLab();
    const events: LabEvent[] = [];
    let deliveries = 0;
    const finished = new Promise<void>((resolve) => {
      void lab.listen((batch) => {
        deliveries++;
        events.push(...batch);
        if (batch.some((event) => event.kind === 'state' && event.state === 'finished')) resolve();
      });
    });
    expectValue(await lab.start(experiment({ train: { steps: 30 } })));
    await finished;
    const steps = events.flatMap((event) => (event.kind === 'steps' ? event.steps : []));
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(deliveries).toBeLessThan(events.length);
    const order = events.map((event) => (event.kind === 'state' ? event.state : event.kind));
    expect(order.indexOf('prepared')).toBeLessThan(order.indexOf('running'));
    expect(order.indexOf('running')).toBeLessThan(order.indexOf('steps'));
    const files = expectValue(await lab.exportRun('huggingFace'));
    const names = files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']));
  });

  it('answers calls without a run with a problem, not with an exception', async () => {
    const lab = createLab();
    await lab.resume();
    await lab.pause();
    await lab.stop();
    await lab.cancelSample();
    const request = { prompt: 'a', maximumTokens: 1, temperature: 1, topK: 0, topP: 1, seed: 1 };
    const answers = [
      await lab.step(),
      await lab.sample(request, () => undefined),
      await lab.exportRun('checkpoint'),
      await lab.kernelTable(false, () => undefined),
    ];
    for (const one of answers) expect(one).toMatchObject({ kind: 'problem', problem: { kind: 'busy' } });
    expect((await lab.openSavedRun('none')).kind).toBe('problem');
    expect(await lab.savedRuns()).toEqual([]);
  });
});
