// Sizes and comparisons of the worker, on the reference loops: one run after another, kept, cancelled, refused.
import { expect, it } from 'vitest';
import type { ComparisonEvent, MatchedModel } from '../../src/contract/comparison.ts';
import type { LabEvent } from '../../src/contract/runs.ts';
import type { ExperimentJson } from '../../src/contract/values.ts';
import { ComparisonService } from '../../src/worker/comparison-service.ts';
import { DeviceService } from '../../src/worker/device-service.ts';
import { RunService } from '../../src/worker/run-service.ts';
import { type Changes, families, tinyExperiment } from '../lab/training/tiny-runs.ts';
import { MemoryStorage } from './memory-storage.ts';

function setUp(onEvent: (event: LabEvent) => void = () => undefined) {
  const storage = new MemoryStorage();
  const devices = new DeviceService(storage.asRunStorage(), () => undefined);
  const runs = new RunService(devices, storage.asRunStorage(), onEvent);
  return { storage, runs, comparisons: new ComparisonService(runs) };
}

function model(title: string, changes: Changes = {}): MatchedModel {
  const experiment: ExperimentJson = JSON.parse(JSON.stringify(tinyExperiment(changes)));
  return {
    ...{ presetId: title, title, experiment, change: '', ratio: 1, steps: 3 },
    ...{ parameters: 1, activeParameters: 1, flopsPerToken: 1, tokensPerStep: 32 },
  };
}

const two = [
  model('first', { train: { steps: 3, evaluationInterval: 3 } }),
  model('second', { model: families.llama, train: { steps: 3, evaluationInterval: 3 } }),
];

it('trains the models in turn, keeps their runs and hands over their records', async () => {
  const { comparisons, storage, runs } = setUp();
  const events: ComparisonEvent[] = [];
  expect(await comparisons.compare(two, (event) => events.push(event))).toBe(true);
  expect(events.map(({ kind, index }) => `${kind} ${index}`)).toEqual([
    'begun 0',
    'ended 0',
    'begun 1',
    'ended 1',
  ]);
  const records = events.flatMap((event) => (event.kind === 'ended' ? [event.record] : []));
  expect(records.map(({ title, state, steps }) => [title, state, steps.length])).toEqual([
    ['first', 'finished', 3],
    ['second', 'finished', 3],
  ]);
  expect(records[0]?.evaluations).toHaveLength(1);
  await runs.stop();
  expect([...storage.runs.values()].map(({ title }) => title).sort()).toEqual(['first', 'second']);
});

it('begins no other model once it is cancelled, and keeps what there is', async () => {
  let isCancelled = false;
  const { comparisons } = setUp((event) => {
    if (event.kind !== 'steps' || isCancelled) return;
    isCancelled = true;
    void comparisons.cancel();
  });
  const events: ComparisonEvent[] = [];
  const long = two.map(({ title }) => model(title, { train: { steps: 1000 } }));
  expect(await comparisons.compare(long, (event) => events.push(event))).toBe(false);
  const last = events.at(-1);
  expect(last).toMatchObject({ kind: 'ended', index: 0, record: { state: 'stopped' } });
});

it('can be cancelled while its first run is prepared', async () => {
  const { comparisons } = setUp();
  const events: ComparisonEvent[] = [];
  const comparing = comparisons.compare(two, (event) => events.push(event));
  await comparisons.cancel();
  expect(await comparing).toBe(false);
  expect(events).toEqual([{ kind: 'begun', index: 0 }]);
});

it('ends when another run takes its place', async () => {
  const { comparisons, runs } = setUp();
  const comparing = comparisons.compare([model('first', { train: { steps: 1000 } })], () => undefined);
  while (!runs.isTraining) await new Promise((resolve) => setTimeout(resolve, 5));
  while (runs.openRecord('none') === undefined && !(await isOpen(runs))) await Promise.resolve();
  await runs.prepare(model('other').experiment);
  expect(await comparing).toBe(false);
});

async function isOpen(runs: RunService): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return runs.withRun(async () => true).catch(() => false);
}

it('refuses while a run trains, and a second comparison', async () => {
  const { comparisons, runs } = setUp();
  await runs.train(model('mine', { train: { steps: 1000 } }).experiment);
  await expect(comparisons.compare(two, () => undefined)).rejects.toThrow(
    'A run is training. Pause or stop it',
  );
  await runs.stop();
  const comparing = comparisons.compare([model('long', { train: { steps: 1000 } })], () => undefined);
  await expect(comparisons.compare(two, () => undefined)).rejects.toThrow('A comparison is running');
  await comparisons.cancel();
  await comparing;
});

it('scales and matches presets by name, with the vocabulary of the first’s text', async () => {
  const { comparisons } = setUp();
  expect(await comparisons.scale('nano', 2)).toMatchObject({ model: { layers: 5, width: 120 } });
  await expect(comparisons.scale('nonsense', 2)).rejects.toThrow('there is none named "nonsense"');
  const matched = await comparisons.match(['nano', 'olmo2-mini'], 40);
  expect(matched.map(({ presetId, steps }) => [presetId, steps])).toEqual([
    ['nano', 40],
    ['olmo2-mini', 40],
  ]);
  expect(matched[1]?.experiment.model.vocabulary).toBe(matched[0]?.experiment.model.vocabulary);
  expect(Number(matched[0]?.experiment.model.vocabulary)).toBeGreaterThan(40);
  await expect(comparisons.match(['nano'], 0)).rejects.toThrow('Choose 2 to 4');
});
