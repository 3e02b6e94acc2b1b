// The worker's run on the reference loops: one at a time, saved and brought back exactly, exported and imported.
import { describe, expect, it } from 'vitest';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { readRunRecord, writeRunRecord } from '../../../src/lab/records/run-record.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { type PublishedBpe, tinyGguf, tokenizerKeys } from '../../data/gguf/tiny-gguf.ts';
import { readTokenFixture } from '../../data/tokenizers/fixtures.ts';
import { inThisThread } from '../../data/tokenizers/in-this-thread.ts';
import { families } from '../../lab/training/tiny-runs.ts';
import { asFiles, json, lossesIn, ownWords, runTo, setUp, text } from './worker-runs.ts';

useEncoderThreads(inThisThread);

describe('a run of the worker', () => {
  it('is prepared with a prediction of what is allocated, and then waits', async () => {
    const { runs, events } = setUp();
    await runs.prepare(json());
    const prepared = events.find((event) => event.kind === 'prepared');
    expect(prepared).toMatchObject({ totalSteps: 50 });
    if (prepared?.kind === 'prepared') {
      expect(prepared.prediction.memoryBytes.total).toBe(prepared.allocatedBytes);
      expect(prepared.floors.bigram).toBeLessThan(prepared.floors.uniform);
    }
    expect(events.at(-1)).toEqual({ kind: 'state', state: 'paused' });
    expect(lossesIn(events).size).toBe(0);
  });

  it('predicts the same as it prepares', async () => {
    const { runs, events } = setUp();
    const prediction = await runs.predict(json({ model: families.llama }));
    await runs.prepare(json({ model: families.llama }));
    const prepared = events.find((event) => event.kind === 'prepared');
    expect(prepared?.kind === 'prepared' && prepared.prediction).toEqual(prediction);
  });

  it('tells the self-test what it would dispatch, with the vocabulary of its text', async () => {
    const { runs } = setUp();
    const vocabularies = async (data: Readonly<Record<string, unknown>>) => {
      const record = await runs.planner.recorderOf(json({ data }));
      const plans = record();
      expect(plans.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['accumulate', 'update', 'decode']),
      );
      const dispatches = plans.flatMap((plan) => plan.dispatches);
      const losses = dispatches.filter(({ kernel }) => kernel.name === 'crossEntropy');
      return new Set(losses.map(({ dims }) => dims.columns));
    };
    expect([...(await vocabularies({ tokenizer: 'bytes' }))]).toEqual([256]);
    // Without the text that it names, it is that of the model as it stands.
    expect([...(await vocabularies({ source: 'file' }))]).toEqual([65]);
  });

  it('lends its saved model to another, and stays where it is', async () => {
    const used = setUp();
    await used.runs.prepare(json({ train: { steps: 2 } }));
    await runTo(used, 'finished');
    const [saved] = [...used.storage.runs.keys()];
    const { model, weights, tokenizer } = await used.runs.savedModel(saved ?? '');
    expect(tokenizer?.vocabularySize).toBe(model.vocabulary);
    let elements = 0;
    await weights.forEachPart(({ values }) => {
      elements += values.length;
    });
    expect(elements).toBe(countParameters(model));
    await expect(used.runs.savedModel('gone')).rejects.toThrow(/none with id gone|no run/);
  });

  it('is saved at its end and opened again where it was, with its curve', async () => {
    const first = setUp();
    await first.runs.prepare(json({ train: { steps: 4, evaluationInterval: 2 } }));
    await runTo(first, 'finished');
    const [saved] = [...first.storage.runs.values()];
    expect(saved).toMatchObject({
      step: 4,
      totalSteps: 4,
      loss: lossesIn(first.events).get(4),
      hasText: false,
    });

    const second = setUp(first.storage);
    await second.runs.openSaved(saved?.id ?? '');
    expect(lossesIn(second.events)).toEqual(lossesIn(first.events));
    const kinds = second.events.map(({ kind }) => kind);
    expect(kinds.indexOf('prepared')).toBeLessThan(kinds.indexOf('steps'));
    expect(kinds.filter((kind) => kind === 'evaluation')).toHaveLength(2);
    expect(second.events.at(-1)).toEqual({ kind: 'state', state: 'paused' });
  });

  it('goes on exactly after a stop and a reload', async () => {
    const whole = setUp();
    await whole.runs.prepare(json({ train: { steps: 6 } }));
    await runTo(whole, 'finished');

    const first = setUp();
    await first.runs.prepare(json({ train: { steps: 6 } }));
    for (let i = 0; i < 3; i++) await first.runs.step();
    await first.runs.stop();
    const second = setUp(first.storage);
    await second.runs.openSaved([...first.storage.runs.keys()][0] ?? '');
    await runTo(second, 'finished');
    expect(lossesIn(second.events)).toEqual(lossesIn(whole.events));
  });

  it('leaves out of the curve what came after an older checkpoint', async () => {
    const first = setUp();
    await first.runs.prepare(json({ train: { steps: 6 } }));
    for (let i = 0; i < 2; i++) await first.runs.step();
    await first.runs.stop();
    const [run] = [...first.storage.runs.values()];
    if (!run) throw new Error('nothing was saved');
    const record = readRunRecord(first.storage.records.get(run.id) ?? new Uint8Array());
    const later = record.steps.map((one) => ({ ...one, step: one.step + 2 }));
    const steps = [...record.steps, ...later];
    first.storage.records.set(run.id, writeRunRecord({ ...record, steps }));
    const second = setUp(first.storage);
    await second.runs.openSaved(run.id);
    expect([...lossesIn(second.events).keys()]).toEqual([1, 2]);
  });

  it('takes no step when it is stopped while it is prepared, and can be started then', async () => {
    const setup = setUp();
    const { runs, events } = setup;
    const training = runs.train(json({ train: { steps: 2 } }));
    await runs.stop();
    await training;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(events.at(-1)).toEqual({ kind: 'state', state: 'paused' });
    expect(lossesIn(events).size).toBe(0);
    await runTo(setup, 'finished');
    await runs.train(json({ train: { steps: 3 } }));
    while (lossesIn(events).size < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('is saved when another takes its place, whose events alone are heard then', async () => {
    const setup = setUp();
    await setup.runs.prepare(json({ train: { steps: 100_000 } }));
    setup.runs.start();
    while (lossesIn(setup.events).size < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await setup.runs.prepare(json({ train: { steps: 5 } }));
    const [saved] = [...setup.storage.runs.values()];
    expect(saved?.step).toBeGreaterThanOrEqual(3);
    const preparing = setup.events.findLastIndex(
      (event) => event.kind === 'state' && event.state === 'preparing',
    );
    const before = setup.events.slice(0, preparing).filter(({ kind }) => kind === 'prepared');
    expect(before).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const after = setup.events.slice(preparing).filter(({ kind }) => kind === 'steps');
    expect(after).toEqual([]);
  });

  it('is not lost when saving fails', async () => {
    const setup = setUp();
    setup.storage.isFull = true;
    await setup.runs.prepare(json({ train: { steps: 3 } }));
    await runTo(setup, 'finished');
    const problem = setup.events.find((event) => event.kind === 'problem');
    expect(problem?.kind === 'problem' && problem.problem.kind).toBe('storageFull');
    expect(lossesIn(setup.events).size).toBe(3);
  });

  it('refuses to begin while another is being prepared', async () => {
    const { runs } = setUp();
    const first = runs.prepare(json());
    await expect(runs.prepare(json({ train: { batch: 2 } }))).rejects.toMatchObject({
      problem: { kind: 'busy' },
    });
    await first;
  });

  it('says what is missing before there is one', async () => {
    const { runs } = setUp();
    runs.start();
    await runs.pause();
    await runs.stop();
    for (const call of [() => runs.step(), () => runs.exportRun('checkpoint')]) {
      await expect(call()).rejects.toMatchObject({ problem: { kind: 'busy' } });
    }
  });
});

describe('a deleted run', () => {
  it('is not brought back by a record that was on its way to the disk', async () => {
    const setup = setUp();
    const { storage } = setup;
    const save = storage.saveRecord.bind(storage);
    storage.saveRecord = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await save(...given);
    };
    await setup.runs.prepare(json({ train: { steps: 2 } }));
    await runTo(setup, 'finished');
    await setup.runs.deleteSaved([...storage.runs.keys()][0] ?? '');
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect([...storage.runs.keys()]).toEqual([]);
  });
});

describe('own text', () => {
  it('is summed up, trained on, and saved with its run', async () => {
    const setup = setUp();
    expect(await setup.runs.useText(text(ownWords))).toEqual({
      name: 'own.txt',
      bytes: ownWords.length,
      characters: ownWords.length,
      vocabulary: new Set(ownWords).size,
      opening: ownWords.slice(0, 200),
    });
    await setup.runs.prepare(json({ train: { steps: 2 }, data: { source: 'file' } }));
    await runTo(setup, 'finished');
    const [run] = [...setup.storage.runs.values()];
    expect(run).toMatchObject({ hasText: true });
    const second = setUp(setup.storage);
    await second.runs.openSaved(run?.id ?? '');
    expect(lossesIn(second.events)).toEqual(lossesIn(setup.events));
    // The form shows this run now: its costs are known, and it can be trained anew.
    const experiment = json({ train: { steps: 2 }, data: { source: 'file' } });
    expect(await second.runs.predict(experiment)).toEqual(await setup.runs.predict(experiment));
  });

  it('that is chosen while another is read is the one that is trained on', async () => {
    const { runs } = setUp();
    const experiment = json({ data: { source: 'file' } });
    await runs.useText(text(ownWords.repeat(1000)));
    const early = runs.predict(experiment);
    await runs.useText(text('0123456789 abc '.repeat(60)));
    await early;
    await runs.prepare(experiment);
    const files = await runs.exportRun('huggingFace');
    const tokenizer = files.find(({ name }) => name === 'flopscope-tokenizer.json')?.bytes;
    expect(JSON.parse(new TextDecoder().decode(tokenizer))).toMatchObject({ characters: ' 0123456789abc' });
  });

  it('that replaces another is the one that is trained on', async () => {
    const setup = setUp();
    const experiment = json({ data: { source: 'file' } });
    await setup.runs.prepare(experiment, text(ownWords));
    await setup.runs.prepare(experiment, text('0123456789 abc '.repeat(60)));
    const request = { prompt: '0', maximumTokens: 3, temperature: 0, topK: 0, topP: 1, seed: 1 };
    const report = await setup.runs.sample(request, () => undefined);
    expect(report.text.startsWith('0')).toBe(true);
    // The same weights go on from what their cache holds: the last token drawn is not in it.
    const next = await setup.runs.sample({ ...request, prompt: report.text }, () => undefined);
    expect([report.reusedTokens, next.reusedTokens]).toEqual([0, 3]);
  });

  it.each([
    ['is empty', ''],
    ['has a single character', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
    ['is shorter than the context', 'ab'],
  ])('that %s is refused before anything is allocated', async (_, content) => {
    const { runs, events } = setUp();
    const refused = runs.prepare(json({ data: { source: 'file' } }), text(content));
    await expect(refused).rejects.toMatchObject({ problem: { kind: 'invalidData' } });
    expect(events.some(({ kind }) => kind === 'prepared')).toBe(false);
  });
});

describe('files', () => {
  it('of a checkpoint bring a run back to its step', async () => {
    const first = setUp();
    await first.runs.prepare(json({ model: families.llama, train: { steps: 6 } }));
    await first.runs.step();
    const files = await first.runs.exportRun('checkpoint');
    await first.runs.step();
    const second = setUp();
    const { notes } = await second.runs.importRun(asFiles(files));
    expect(notes).toEqual([]);
    await second.runs.step();
    expect(lossesIn(second.events).get(2)).toBe(lossesIn(first.events).get(2));
  });

  it.each(['gpt2', 'llama'] as const)(
    'of a %s model bring its weights back, with its tokenizer',
    async (family) => {
      const first = setUp();
      await first.runs.prepare(json({ model: families[family], data: { source: 'file' } }), text(ownWords));
      for (let i = 0; i < 5; i++) await first.runs.step();
      const files = await first.runs.exportRun('huggingFace');
      expect(files.map(({ name }) => name)).toEqual([
        'config.json',
        'model.safetensors',
        'flopscope-tokenizer.json',
        'tokenizer.json',
        'tokenizer_config.json',
        'generation_config.json',
        'README.md',
      ]);
      const request = { prompt: 'the', maximumTokens: 10, temperature: 0, topK: 0, topP: 1, seed: 1 };
      const said = await first.runs.sample(request, () => undefined);

      const second = setUp();
      // A text with fewer letters than the model knows: its ids must not move.
      const own = { name: 'folder/more.txt', content: new Blob(['the mat sat. '.repeat(100)]) };
      await second.runs.importRun([...asFiles(files), own]);
      expect((await second.runs.sample(request, () => undefined)).text).toBe(said.text);
      await second.runs.step();
      const again = setUp();
      await again.runs.importRun([...asFiles(await second.runs.exportRun('checkpoint')), own]);
      expect((await again.runs.sample(request, () => undefined)).text).toBe(
        (await second.runs.sample(request, () => undefined)).text,
      );
    },
  );

  it('in GGUF bring a model with its tokenizer, which is trained on; of two none is chosen', async () => {
    const published = readTokenFixture('gpt2') as PublishedBpe;
    const metadata = tokenizerKeys(published, { pre: 'gpt-2' });
    const bytes = tinyGguf({ type: 'Q4_0', vocabulary: 340, metadata });
    const { runs, events } = setUp();
    const own = { name: 'own.txt', content: new Blob([ownWords.repeat(10)]) };
    const file = { name: 'tiny.Q4_0.gguf', content: new Blob([bytes]) };
    const { experiment, notes } = await runs.importRun([file, own]);
    expect(experiment).toMatchObject({ model: { context: 64, width: 32 }, data: { tokenizer: 'model' } });
    expect(notes).toEqual([expect.stringContaining('tensors are quantised (8 in Q4_0)')]);
    await runs.step();
    expect(lossesIn(events).size).toBe(1);
    const other = { ...file, name: 'other.gguf' };
    await expect(setUp().runs.importRun([file, other])).rejects.toThrow(
      'tiny.Q4_0.gguf and other.gguf are two models, or parts of one',
    );
  });

  it('of a model that lacks characters of the stories come back too after a save', async () => {
    const first = setUp();
    const letters = 'abcdefghijklmnopqrstuvwxyz ,.\n'.repeat(40);
    await first.runs.prepare(json({ data: { source: 'file' } }), text(letters));
    const files = await first.runs.exportRun('huggingFace');
    const second = setUp();
    await second.runs.importRun(asFiles(files)); // without its text: it goes on with the stories
    await second.runs.step();
    await second.runs.stop();
    const third = setUp(second.storage);
    await third.runs.openSaved([...second.storage.runs.keys()][0] ?? '');
    expect(lossesIn(third.events)).toEqual(lossesIn(second.events));
  });

  it('of a long context open a model for shorter texts, and say what was not known', async () => {
    const first = setUp();
    await first.runs.prepare(json({ model: families.llama, data: { source: 'file' } }), text(ownWords));
    const files = (await first.runs.exportRun('huggingFace')).map((file) => {
      if (file.name !== 'config.json') return file;
      const config = JSON.parse(new TextDecoder().decode(file.bytes));
      const longer = { ...config, max_position_embeddings: 131_072, favourite_colour: 'blue' };
      return { ...file, bytes: new TextEncoder().encode(JSON.stringify(longer)) };
    });
    const second = setUp();
    const own = { name: 'own.txt', content: new Blob([ownWords.repeat(10)]) };
    const { experiment, notes } = await second.runs.importRun([...asFiles(files), own]);
    expect(experiment.model.context).toBe(1024);
    expect(notes).toEqual([
      expect.stringMatching(/^config\.json: favourite_colour .*not known here/),
      expect.stringMatching(/^Opened for texts of up to 1024 tokens of the 131072 that the model could see/),
    ]);
  });

  it('that make no run are refused by what is missing', async () => {
    const { runs } = setUp();
    const file = { name: 'notes.txt', content: new Blob(['hello']) };
    await expect(runs.importRun([file])).rejects.toThrow('there is no config.json');
    const bad = { name: 'checkpoint.safetensors', content: new Blob(['short']) };
    await expect(runs.importRun([bad])).rejects.toMatchObject({ problem: { kind: 'invalidFile' } });
  });
});

describe('the table of kernels', () => {
  it('of a run on the reference loops has predictions but no measurement', async () => {
    const { runs } = setUp();
    await runs.prepare(json());
    const table = await runs.kernelTable(false, () => undefined);
    expect(table.rows.length).toBeGreaterThan(20);
    expect(table.rows.map(({ index }) => index)).toEqual(table.rows.map((_, index) => index));
    await expect(runs.kernelTable(true, () => undefined)).rejects.toMatchObject({
      problem: { kind: 'noAdapter' },
    });
  });
});
