// The search of the worker, on the reference loops: found, trained and stopped, each candidate an experiment of its own.
import { expect, it } from 'vitest';
import type { FoundShapes, SearchOrder } from '../../../src/contract/search.ts';
import type { Json, Result } from '../../../src/contract/values.ts';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import { Exclusive } from '../../../src/worker/exclusive.ts';
import { answerFit } from '../../../src/worker/laws/fit.ts';
import { createSearch } from '../../../src/worker/laws/search-service.ts';
import { syntheticStudy } from '../../laws/public-points.ts';
import { MemoryStorage } from '../memory-storage.ts';
import { ReferenceDevices } from '../reference-devices.ts';

const { base, ...rest } = readyStudies.shapes as { base: { data: object } };
const data = { ...base.data, characters: 20_000, validationFraction: 0.1 };
const order: SearchOrder = {
  study: JSON.parse(JSON.stringify({ ...rest, base: { ...base, data }, validationTokens: 64 })) as Json,
  wish: {
    ...{ parameters: 8000, tokens: 1024, ratio: [0.2], mlpToAttention: [0.6], lossSlack: 1 },
    ...{ prompt: 2, output: 4 },
  },
  points: syntheticStudy('multiplicative', 1),
  ...{ form: 'multiplicative', leaveOut: [], train: 1, isMeasured: true },
};

const law = answerFit({ points: order.points, request: { law: 'conditional', form: 'multiplicative' } });

function setUp() {
  const exclusive = new Exclusive(() => false);
  const devices = new ReferenceDevices(new MemoryStorage());
  return createSearch(devices, { text: undefined }, exclusive, async (wanted) =>
    wanted.points === order.points ? law : answerFit(wanted),
  );
}

function resultOf<T>(result: Result<T>): T {
  if (result.kind === 'ok') return result.value;
  throw new Error(result.problem.message);
}

it('measures, trains, and tries fewer groups; every shape is an experiment of the tokens that were asked for', async () => {
  const search = setUp();
  const told: FoundShapes[] = [];
  const words = new Set<string>();
  const found = resultOf(
    await search.searchShapes(order, (event) => {
      if (event.kind === 'found') told.push(event.found);
      else words.add(event.what);
    }),
  );
  expect(told.at(-1)).toEqual(found);
  expect([...words]).toEqual(
    expect.arrayContaining(['fitting the conditional law', 'training fewer groups of keys and values']),
  );
  const { shapes, panda, surefire, trained } = found;
  expect(shapes[panda].loss).toBeGreaterThan(0.5);
  expect(shapes[surefire].measuredTokensPerSecond).toBeGreaterThan(0);
  expect(shapes.filter(({ loss }) => loss !== undefined)).toHaveLength(trained);
  expect(shapes.some(({ isGrouped, keyValueHeads, heads }) => isGrouped && keyValueHeads < heads)).toBe(true);
  for (const { experiment, width } of shapes) {
    const perStep = Number(experiment.train.batch) * Number(experiment.model.context);
    expect(Number(experiment.train.steps) * perStep).toBe(1024);
    expect(experiment.train.evaluationInterval).toBe(experiment.train.steps);
    expect(experiment.model.width).toBe(width);
  }
});

it('gives what it has when it is stopped, and says in a sentence what it cannot', async () => {
  const search = setUp();
  const stopped = resultOf(
    await search.searchShapes(order, (event) => {
      if (event.kind === 'found') void search.stopSearch();
    }),
  );
  expect(stopped.trained).toBe(0);
  expect(stopped.shapes.filter((shape) => shape.measuredTokensPerSecond !== undefined)).toHaveLength(1);
  const refused = async (change: Partial<SearchOrder>) =>
    (await search.searchShapes({ ...order, ...change }, () => undefined)) as {
      problem?: { message: string };
    };
  expect((await refused({ isMeasured: false })).problem?.message).toMatch(/Calibrate it, or measure/);
  expect((await refused({ points: order.points.slice(0, 3) })).problem?.message).toMatch(
    /3 runs cannot fix 5 parameters/,
  );
  const large = { ...order.wish, parameters: 1e15 };
  expect((await refused({ wish: large })).problem?.message).toMatch(/^study: /);
});
