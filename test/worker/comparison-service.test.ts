// Comparisons of the worker, on the reference loops: one run after another, kept, cancelled, refused.
import { expect, it } from 'vitest';
import type { ComparedModel, ComparisonEvent } from '../../src/contract/comparison.ts';
import type { LabEvent } from '../../src/contract/runs.ts';
import type { ExperimentJson } from '../../src/contract/values.ts';
import { createComparison } from '../../src/worker/comparison-service.ts';
import { Runs } from '../../src/worker/run/runs.ts';
import { type Changes, families, tinyExperiment } from '../lab/training/tiny-runs.ts';
import { MemoryStorage } from './memory-storage.ts';
import { ReferenceDevices } from './reference-devices.ts';

const ok = <T>(value: T) => ({ kind: 'ok', value });
const problem = (message: string) => ({
  kind: 'problem',
  problem: { message: expect.stringContaining(message) },
});

function setUp(onEvent: (event: LabEvent) => void = () => undefined) {
  const storage = new MemoryStorage();
  const devices = new ReferenceDevices(storage);
  const runs = new Runs(devices, storage.asRunStorage(), onEvent);
  return { storage, runs, comparisons: createComparison(runs) };
}

function model(title: string, changes: Changes = {}): ComparedModel {
  const experiment: ExperimentJson = JSON.parse(JSON.stringify(tinyExperiment(changes)));
  return {
    presetId: title,
    title,
    experiment,
    change: '',
    ratio: 1,
    steps: 3,
    parameters: 1,
    activeParameters: 1,
    flopsPerToken: 1,
    tokensPerStep: 32,
  };
}

const two = [
  model('first', { train: { steps: 3, evaluationInterval: 3 } }),
  model('second', { model: families.llama, train: { steps: 3, evaluationInterval: 3 } }),
];

it('trains the models in turn, keeps their runs and hands over their records', async () => {
  const { comparisons, storage, runs } = setUp();
  const events: ComparisonEvent[] = [];
  expect(await comparisons.runComparison(two, 1, (event) => events.push(event))).toEqual(ok(true));
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

it('trains all again from other seeds, under names of their own', async () => {
  const { comparisons } = setUp();
  const events: ComparisonEvent[] = [];
  expect(await comparisons.runComparison(two, 2, (event) => events.push(event))).toEqual(ok(true));
  const records = events.flatMap((event) => (event.kind === 'ended' ? [event.record] : []));
  expect(records.map(({ title }) => title)).toEqual([
    'first, seed 1',
    'second, seed 1',
    'first, seed 2',
    'second, seed 2',
  ]);
  expect(records[2]?.steps[0]?.loss).not.toBe(records[0]?.steps[0]?.loss);
});

it('begins no other model once it is cancelled, and keeps what there is', async () => {
  let isCancelled = false;
  const { comparisons } = setUp((event) => {
    if (event.kind !== 'steps' || isCancelled) return;
    isCancelled = true;
    void comparisons.cancelComparison();
  });
  const events: ComparisonEvent[] = [];
  const long = two.map(({ title }) => model(title, { train: { steps: 1000 } }));
  expect(await comparisons.runComparison(long, 1, (event) => events.push(event))).toEqual(ok(false));
  const last = events.at(-1);
  expect(last).toMatchObject({ kind: 'ended', index: 0, record: { state: 'stopped' } });
});

it('can be cancelled while its first run is prepared', async () => {
  const { comparisons } = setUp();
  const events: ComparisonEvent[] = [];
  const comparing = comparisons.runComparison(two, 1, (event) => events.push(event));
  await comparisons.cancelComparison();
  expect(await comparing).toEqual(ok(false));
  expect(events).toEqual([{ kind: 'begun', index: 0, seed: 0 }]);
});

it('ends when another run takes its place', async () => {
  const { comparisons, runs } = setUp();
  const comparing = comparisons.runComparison(
    [model('first', { train: { steps: 1000 } })],
    1,
    () => undefined,
  );
  while (!runs.isTraining) await new Promise((resolve) => setTimeout(resolve, 5));
  while (runs.openRecord('none') === undefined && !(await isOpen(runs))) await Promise.resolve();
  await runs.prepare(model('other').experiment);
  expect(await comparing).toEqual(ok(false));
});

async function isOpen(runs: Runs): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return runs.withRun(async () => true).catch(() => false);
}

it('refuses while a run trains, and a second comparison', async () => {
  const { comparisons, runs } = setUp();
  await runs.train(model('mine', { train: { steps: 1000 } }).experiment);
  expect(await comparisons.runComparison(two, 1, () => undefined)).toMatchObject(
    problem('A run is training. Pause or stop it'),
  );
  await runs.stop();
  const long = [model('long', { train: { steps: 1000 } })];
  const comparing = comparisons.runComparison(long, 1, () => undefined);
  expect(await comparisons.runComparison(two, 1, () => undefined)).toMatchObject(
    problem('A comparison is running'),
  );
  await comparisons.cancelComparison();
  await comparing;
});

it('sizes presets by name, with the vocabulary of the first’s text', async () => {
  const { comparisons } = setUp();
  const sized = await comparisons.sizeComparison(['nano', 'olmo2-mini'], 40);
  if (sized.kind !== 'ok') throw new Error(sized.problem.message);
  expect(sized.value.map(({ presetId, steps }) => [presetId, steps])).toEqual([
    ['nano', 40],
    ['olmo2-mini', 40],
  ]);
  const [first, second] = sized.value.map(({ experiment }) => Number(experiment.model.vocabulary));
  expect(second).toBe(first);
  expect(first).toBeGreaterThan(40);
  expect(await comparisons.sizeComparison(['nano'], 0)).toMatchObject(problem('Choose 2 to 4'));
  expect(await comparisons.sizeComparison(['nonsense'], 0)).toMatchObject(
    problem('there is none named "nonsense"'),
  );
});
