// Parameters by name, in and out of flat buffers, also when a table is cut in blocks over several shards.
import { expect, it } from 'vitest';
import {
  loadWeights,
  readParameters,
  readStored,
  writeParameters,
} from '../../../src/lab/plans/parameter-io.ts';
import { layoutParameters, storagesOf } from '../../../src/plan/store.ts';
import { elementCount } from '../../../src/plan/tensor.ts';
import { CpuRuntime } from '../../../src/runtime/cpu-runtime.ts';
import { storedWeights } from './stored-weights.ts';

const shapes = [
  { name: 'table', shape: [300, 16], decay: true },
  { name: 'matrix', shape: [16, 48], decay: true },
  { name: 'bias', shape: [48], decay: false },
];
const states = ['first', 'second'].map((name) => ({ kind: 'full', name }) as const);
const values = new Map(
  shapes.map(({ name, shape }, which) => [
    name,
    Float32Array.from({ length: elementCount(shape) }, (_, i) => which * 10_000 + i),
  ]),
);

it.each([2 ** 27, 128 * 16 * 4])('come out as they went in, within %s bytes per binding', async (limit) => {
  const store = layoutParameters(shapes, states, limit);
  expect(store.shards.length > 1).toBe(limit < 2 ** 20);
  const runtime = new CpuRuntime([], storagesOf(store));
  const negative = new Map([...values].map(([name, array]) => [name, array.map((value) => -value)]));
  writeParameters(runtime, store, 'weights', values);
  writeParameters(runtime, store, 'gradients', negative);
  writeParameters(runtime, store, { state: 'second' }, negative);
  expect(await readParameters(runtime, store, 'weights')).toEqual(values);
  expect(await readParameters(runtime, store, 'gradients')).toEqual(negative);
  expect(await readParameters(runtime, store, { state: 'second' })).toEqual(negative);
  const zeros = await readParameters(runtime, store, { state: 'first' });
  expect([...zeros.values()].every((array) => array.every((value) => value === 0))).toBe(true);
});

it('are refused when one is missing or of another size', () => {
  const store = layoutParameters(shapes, [], 2 ** 27);
  const runtime = new CpuRuntime([], storagesOf(store));
  const some = new Map([...values].filter(([name]) => name !== 'bias'));
  expect(() => writeParameters(runtime, store, 'weights', some)).toThrow(
    'bias needs [48] numbers and got none',
  );
  const wrong = new Map([...some, ['bias', new Float32Array(47)] as const]);
  expect(() => writeParameters(runtime, store, 'weights', wrong)).toThrow('got 47');
});

it('have only the states that the optimizer keeps', async () => {
  const store = layoutParameters(shapes, states.slice(0, 1), 2 ** 27);
  const runtime = new CpuRuntime([], storagesOf(store));
  await expect(readParameters(runtime, store, { state: 'second' })).rejects.toThrow('keeps no second');
});

it.each([2 ** 27, 128 * 16 * 4])(
  'are loaded in parts of any size, within %s bytes per binding',
  async (limit) => {
    for (const size of [1e6, 1000, 37]) {
      const store = layoutParameters(shapes, [], limit);
      const runtime = new CpuRuntime([], storagesOf(store));
      await loadWeights(runtime, store, storedWeights(values, size));
      expect(await readParameters(runtime, store, 'weights')).toEqual(values);
      expect(await readStored(storedWeights(values, size), shapes)).toEqual(values);
    }
  },
);

it('are refused when what is stored lacks some or has others', async () => {
  const store = layoutParameters(shapes, [], 2 ** 27);
  const runtime = new CpuRuntime([], storagesOf(store));
  const less = new Map(values);
  less.set('matrix', new Float32Array(700));
  await expect(loadWeights(runtime, store, storedWeights(less, 100))).rejects.toThrow(
    'matrix lacks 68 numbers',
  );
  const more = new Map(values).set('other', new Float32Array(1));
  await expect(loadWeights(runtime, store, storedWeights(more, 100))).rejects.toThrow(
    'the model has no other',
  );
});
