// The form over a fake lab: what a change of it asks of the worker, and what of the answers is shown.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunRecord } from '../../../src/contract/records.ts';
import { fakeGpu } from '../page/fake-device.ts';
import { kinds, open, replaced } from './page-bench.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('the form', () => {
  it('predicts nothing but what it will show, and shows the numbers of no other experiment', async () => {
    const predicted: unknown[] = [];
    const processor = { ...fakeGpu, runtime: 'wasm' } as const;
    const bench = await open({}, '', (lab) =>
      replaced(lab, {
        openDevice: async () => ({ kind: 'ok', value: processor }),
        predict: (experiment) => {
          predicted.push(experiment);
          return lab.predict(experiment);
        },
      }),
    );
    const { controller } = bench;
    expect(controller.state.presetId).toBe('shakespeare-cpu');
    expect(predicted).toEqual([controller.state.experiment]);
    expect(controller.state.prediction.kind).toBe('done');
    controller.form.choosePreset('small-llama');
    expect(controller.state.prediction.kind).toBe('running');
    await vi.advanceTimersByTimeAsync(100);
    expect(controller.state.prediction.kind).toBe('done');
    expect(predicted).toHaveLength(2);
  });

  it('marks the fields that do not go together, and does not start', async () => {
    const bench = await open();
    bench.controller.form.setField('model.heads', 5);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.controller.state.fieldProblems.map(({ path }) => path)).toEqual(['model.heads']);
    await bench.controller.train();
    expect(kinds(bench)).toEqual(['invalidConfig']);
    expect(bench.calls).not.toContain('start');
    bench.controller.form.setField('model.heads', 4);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.controller.state.fieldProblems).toEqual([]);
    expect(kinds(bench)).toEqual([]); // nobody pressed: the cause is gone
  });

  it('drops the answer to an earlier form', async () => {
    let release: (() => void) | undefined;
    const bench = await open({}, '', (lab) =>
      replaced(lab, {
        predict: async (experiment) => {
          if (experiment.model.width === 128) {
            await new Promise<void>((resolve) => {
              release = resolve;
            });
          }
          return lab.predict(experiment);
        },
      }),
    );
    bench.controller.form.setField('model.width', 128);
    await vi.advanceTimersByTimeAsync(60);
    bench.controller.form.setField('model.width', 32);
    await vi.advanceTimersByTimeAsync(60);
    const { prediction } = bench.controller.state;
    release?.();
    await vi.advanceTimersByTimeAsync(60);
    expect(bench.controller.state.prediction).toBe(prediction);
    expect(prediction.kind === 'done' && prediction.value.parameters).toBe(12 * 2 * 32 * 32 + 65 * 32);
  });

  it('takes a text of the reader’s own and gives it back', async () => {
    const bench = await open();
    await bench.controller.form.chooseText({ name: 'mine.txt', content: new Blob(['abcabc']) });
    expect(bench.controller.state.text).toMatchObject({ name: 'mine.txt', vocabulary: 3 });
    expect(bench.controller.state.experiment.data.source).toBe('file');
    await bench.controller.form.chooseText(undefined);
    expect(bench.controller.state.experiment.data.source).toBe('stories');
  });

  it('refuses a text that is none and keeps the old data, until a good one comes', async () => {
    const bench = await open();
    await bench.controller.form.chooseText({ name: 'one.txt', content: new Blob(['a']) });
    expect(kinds(bench)).toEqual(['invalidData']);
    expect(bench.controller.state.experiment.data.source).toBe('stories');
    await bench.controller.form.chooseText({ name: 'mine.txt', content: new Blob(['abcabc']) });
    expect(kinds(bench)).toEqual([]);
  });

  it('lets nothing change what a teacher’s link keeps, and frees it when that is left', async () => {
    const bench = await open({ hasSavedRun: true }, 'preset=nano', (lab) =>
      replaced(lab, {
        runRecord: async (id) => {
          const { experiment } = bench.controller.state;
          const other = { ...experiment, model: { ...experiment.model, width: 999 } };
          return { kind: 'ok', value: { experiment: id === 'a' ? experiment : other } as RunRecord };
        },
      }),
    );
    const { controller } = bench;
    const before = controller.state.experiment;
    controller.form.lock(['settings']);
    await controller.form.takeText({ name: 'ours.txt', content: new Blob(['abcabc']) }); // the link's own
    const kept = { ...before, data: { ...before.data, source: 'file' } };
    const isKept = async (change: () => unknown): Promise<void> => {
      await change();
      expect(kinds(bench)).toEqual(['locked']);
      expect(controller.state).toMatchObject({
        experiment: kept,
        presetId: 'nano',
        text: { name: 'ours.txt' },
      });
      controller.dismissProblem(controller.state.problems[0]?.id ?? 0);
    };
    await isKept(() => controller.form.choosePreset('small-llama'));
    await isKept(() => controller.form.setField('model.layers', 9));
    await isKept(() => controller.form.chooseText({ name: 'mine.txt', content: new Blob(['xyzxyz']) }));
    await isKept(() => controller.form.chooseText(undefined));
    await isKept(() => controller.access.useExperiment({ ...before, model: {} }));
    await isKept(() => controller.saved.importRun([{ name: 'a', content: new Blob() }]));
    await isKept(() => controller.saved.open('b'));
    expect(bench.calls).not.toContain('openSavedRun');
    await controller.saved.open('a'); // it was made with these settings
    expect(bench.calls).toContain('openSavedRun');
    await isKept(() => controller.saved.extend(100));
    controller.form.choosePreset('small-llama');
    controller.form.lock([]);
    expect(kinds(bench)).toEqual([]);
    controller.form.choosePreset('small-llama');
    expect(controller.state.presetId).toBe('small-llama');
  });

  it('chooses no preset for the processor before a teacher’s link is read, which may lock the one that stands', async () => {
    let read = (): void => {};
    const reading = new Promise<void>((resolve) => {
      read = resolve;
    });
    const device = { kind: 'ok', value: { ...fakeGpu, runtime: 'wasm' } } as const;
    const { controller } = await open({ device }, '', undefined, () => reading);
    expect(controller.state.presetId).toBe('nano');
    controller.form.lock(['model.layers']);
    read();
    await vi.advanceTimersByTimeAsync(100);
    expect(controller.state.presetId).toBe('nano');
    expect(controller.state.prediction.kind).toBe('done');
  });
});
