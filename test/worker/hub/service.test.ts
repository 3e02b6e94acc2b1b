// Published models in the worker, over a hub on this machine and files in memory.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HubApi, PullProgress } from '../../../src/contract/hub.ts';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { factsName, readFacts } from '../../../src/lab/hub/facts.ts';
import { freshWeights } from '../../../src/lab/plans/open-model.ts';
import { writeModelFiles } from '../../../src/lab/training/model-files.ts';
import type { ModelStore } from '../../../src/worker/hub/origin-models.ts';
import { createHub } from '../../../src/worker/hub/service.ts';
import { readTokenFixture } from '../../data/tokenizers/fixtures.ts';
import { inThisThread } from '../../data/tokenizers/in-this-thread.ts';
import { createFolder } from '../../folders.ts';
import { commit, type Faults, type LocalHub, startHub } from '../../lab/hub/local-hub.ts';
import { MemoryModelFolder } from '../../lab/hub/memory-model-folder.ts';
import { tinyExperiment } from '../../lab/training/tiny-runs.ts';
import { ReferenceDevices } from '../reference-devices.ts';
import { setUp } from '../run/worker-runs.ts';

useEncoderThreads(inThisThread);

class MemoryModels implements ModelStore {
  readonly folders = new Map<string, MemoryModelFolder>();
  free: number | undefined;
  list = async () =>
    [...this.folders.values()].flatMap(({ files }) => {
      const facts = readFacts(files.get(factsName));
      const sizes = [...files].map(([name, bytes]) => (name === factsName ? 0 : bytes.length));
      return facts ? [{ ...facts, bytes: sizes.reduce((sum, size) => sum + size, 0) }] : [];
    });
  async folder(id: string, commit: string) {
    const found = this.folders.get(`${id} ${commit}`) ?? new MemoryModelFolder();
    this.folders.set(`${id} ${commit}`, found);
    return found;
  }
  async files(id: string, commit: string) {
    const { files } = await this.folder(id, commit);
    return [...files].map(([name, bytes]) => ({ name, content: new Blob([new Uint8Array(bytes)]) }));
  }
  async remove(id: string, commit: string) {
    this.folders.delete(`${id} ${commit}`);
  }
  freeBytes = async () => this.free;
}

let folder: string;
let hub: LocalHub | undefined;
let store: MemoryModels;

beforeEach(() => {
  folder = join(createFolder(), 'hub');
  mkdirSync(folder);
  store = new MemoryModels();
  const { model } = tinyExperiment({ model: { vocabulary: 340 } });
  for (const { name, bytes } of writeModelFiles(model, freshWeights(model, 1), undefined))
    writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(readTokenFixture('gpt2')));
});

afterEach(async () => {
  await hub?.close();
  hub = undefined;
});

async function lab(faults: Faults = {}): Promise<HubApi> {
  hub = await startHub(folder, faults);
  const { runs, storage } = setUp();
  return createHub(new ReferenceDevices(storage), runs, store, {
    hub: hub.endpoint,
    page: 'http://page.test',
  });
}

const asked = () => ({ name: 'tiny/model', endpoint: hub?.endpoint ?? '' });
const noNote = () => undefined;
const name = { id: 'tiny/model', commit };

it('says what a model takes, pulls it, opens it as files are, and deletes it', async () => {
  const { lookUpModel, pullModel, pulledModels, openPulled, deletePulled } = await lab();
  store.free = 1e9;
  const looked = await lookUpModel(asked(), noNote);
  expect(looked).toMatchObject({
    kind: 'ok',
    value: { ...name, revision: 'main', freeBytes: 1e9, hasRoom: true },
  });
  if (looked.kind !== 'ok') return;
  expect(looked.value.missingBytes).toBe(looked.value.bytes);
  expect(looked.value.memoryBytes).toBeGreaterThan(16 * looked.value.parameters); // gradients and moments too
  expect(looked.value).not.toHaveProperty('obstacle');
  expect(await pulledModels()).toEqual([]);

  const progress: PullProgress[] = [];
  expect(await pullModel(asked(), (one) => progress.push(one))).toEqual({ kind: 'ok', value: 'whole' });
  expect(progress.at(-1)).toMatchObject({ bytes: looked.value.bytes, totalBytes: looked.value.bytes });
  expect(await pulledModels()).toMatchObject([{ ...name, isComplete: true, bytes: looked.value.bytes }]);
  expect(await lookUpModel(asked(), noNote)).toMatchObject({ value: { missingBytes: 0 } });
  expect(await openPulled(name)).toMatchObject({
    kind: 'ok',
    value: { experiment: { data: { tokenizer: 'model' } } },
  });
  expect(await deletePulled(name)).toEqual({ kind: 'ok', value: undefined });
  expect(await pulledModels()).toEqual([]);
});

it('pauses where it is asked to, and refuses a second pull meanwhile', async () => {
  const { pullModel, pausePull, pulledModels } = await lab({
    cut: { 'model.safetensors': 0.4 },
    mayCut: () => false,
  });
  let isHere: () => void = () => undefined;
  const here = new Promise<void>((resolve) => {
    isHere = resolve;
  });
  const first = pullModel(asked(), ({ file }) => file === 'model.safetensors' && isHere());
  await here;
  expect(await pullModel(asked(), () => undefined)).toMatchObject({ problem: { kind: 'busy' } });
  await pausePull();
  expect(await first).toEqual({ kind: 'ok', value: 'paused' });
  expect(await pulledModels()).toMatchObject([{ ...name, isComplete: false }]);
  expect(await pullModel(asked(), () => undefined)).toEqual({ kind: 'ok', value: 'whole' });
});

it('says before anything is fetched what there is no room for, and which hubs a page may ask', async () => {
  const { lookUpModel, pullModel, hubCatalogue } = await lab();
  store.free = 512;
  const obstacle = /tiny\/model needs .* more, and this browser has 512.B left for this page/;
  expect(await lookUpModel(asked(), noNote)).toMatchObject({
    value: { obstacle: expect.stringMatching(obstacle), hasRoom: false },
  });
  expect(await pullModel(asked(), () => undefined)).toMatchObject({
    problem: { kind: 'storageFull', message: expect.stringMatching(obstacle) },
  });
  expect(store.folders.size).toBe(0);
  expect(await lookUpModel({ name: 'tiny/model', endpoint: 'https://elsewhere.test' }, noNote)).toMatchObject(
    {
      problem: {
        message: expect.stringMatching(/this page may ask http:.* and not "https:\/\/elsewhere\.test"/),
      },
    },
  );
  expect((await hubCatalogue()).endpoint).toBe(hub?.endpoint);
  writeFileSync(join(folder, 'config.json'), '{"model_type": "mamba"}');
  expect(await lookUpModel(asked(), noNote)).toMatchObject({
    problem: { kind: 'invalidFile', message: expect.stringMatching(/model_type "mamba" is not known/) },
  });
});

it('tells nothing of a pull once it is answered', async () => {
  writeFileSync(join(folder, 'config.json'), '{"model_type": "mamba"}');
  const { pullModel } = await lab({ busy: { 'config.json': '0' } });
  const told: PullProgress[] = [];
  expect(await pullModel(asked(), (one) => told.push(one))).toMatchObject({
    problem: { kind: 'invalidFile' },
  });
  const count = told.length;
  expect(told.at(-1)?.note).toMatch(/429|busy|again/i);
  await new Promise((resolve) => setTimeout(resolve, 250)); // longer than between two lines of progress
  expect(told).toHaveLength(count);
});
