// The layout of parameters: flat buffers with identical offsets, decayed first, sharded below the binding limit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesByClass,
  layoutParameters,
  type OptimizerState,
  type ParameterShape,
  partsWithout,
  persistentTensor,
  storagesOf,
  trainedParameters,
} from '../../src/plan/store.ts';
import { elementCount } from '../../src/plan/tensor.ts';

const MiB = 2 ** 20;
const twoMoments = ['first', 'second'].map((name) => ({ kind: 'full', name }) as const);
const shapes = [
  { name: 'norm.scale', shape: [65], decay: false },
  { name: 'qkv', shape: [64, 65], decay: true },
  { name: 'bias', shape: [3], decay: false },
  { name: 'wte', shape: [100, 64], decay: true },
];

describe('layoutParameters', () => {
  it('puts decayed parameters first, each on a multiple of 256 elements', () => {
    const { parameters, shards } = layoutParameters(shapes, twoMoments, 128 * MiB);
    const offsets = ['qkv', 'wte', 'norm.scale', 'bias'].map(
      (name) => parameters.get(name)?.blocks[0]?.weight.offset,
    );
    expect(offsets).toEqual([0, 4352, 10752, 11008]);
    expect(shards).toHaveLength(1);
    expect(shards[0]?.decayElements).toBe(10752);
    expect(shards[0]?.weights.shape).toEqual([11264]);
  });

  it('gives gradients and moments the offsets and lengths of the weights', () => {
    const { parameters, shards } = layoutParameters(shapes, twoMoments, 128 * MiB);
    for (const { blocks } of parameters.values()) {
      for (const { weight, gradient } of blocks) {
        expect([gradient.offset, gradient.shape]).toEqual([weight.offset, weight.shape]);
        expect(gradient.storage).not.toBe(weight.storage);
      }
    }
    for (const { weights, gradients, states } of shards) {
      expect([gradients, ...states.values()].map(({ shape }) => shape)).toEqual(Array(3).fill(weights.shape));
    }
  });

  it('puts frozen parameters apart, with no gradient, moment or factor of their own', () => {
    const states: readonly OptimizerState[] = [
      ...twoMoments,
      { kind: 'factored', name: 'rows', shapeOf: ({ shape }) => shape.slice(0, 1) },
    ];
    const frozen = shapes.map((shape) => (shape.name === 'qkv' ? shape : { ...shape, isFrozen: true }));
    const store = layoutParameters(frozen, states, 128 * MiB);
    expect(trainedParameters(store).map(({ name }) => name)).toEqual(['qkv']);
    expect(store.shards.flatMap(({ pieces }) => pieces.map(({ parameter }) => parameter))).toEqual(['qkv']);
    for (const { name, blocks, factors } of store.parameters.values()) {
      const isTrained = name === 'qkv';
      expect([blocks.length, factors.size], name).toEqual([1, isTrained ? 1 : 0]);
      expect(blocks[0]?.states.size).toBe(isTrained ? 2 : 0);
      expect(blocks[0]?.gradient.storage === blocks[0]?.weight.storage).toBe(!isTrained);
    }
    // qkv takes 4352 numbers with padding, the others 6912: weights of all, and of qkv alone a gradient and two moments.
    const bytes = bytesByClass(storagesOf(store));
    expect(bytes).toEqual({ weights: 4 * (4352 + 6912), gradients: 4 * 4352, moments: 4 * (2 * 4352 + 256) });
  });

  it('refuses to train where all parameters are frozen', () => {
    const frozen = shapes.map((shape) => ({ ...shape, isFrozen: true }));
    expect(() => layoutParameters(frozen, twoMoments, 128 * MiB)).toThrow('all 4 are frozen');
    expect(layoutParameters(frozen, [], 128 * MiB, false).parameters.size).toBe(4);
  });

  it("cuts GPT-2's token table into two blocks of rows at the default limit of 128 MiB", () => {
    const wte = { name: 'wte', shape: [50_257, 768], decay: true };
    const { parameters, shards } = layoutParameters([wte], twoMoments, 128 * MiB);
    const blocks = parameters.get('wte')?.blocks ?? [];
    expect(blocks.map(({ firstRow, weight }) => [firstRow, weight.shape])).toEqual([
      [0, [43_648, 768]],
      [43_648, [6_609, 768]],
    ]);
    expect(shards).toHaveLength(2);
    expect(Math.max(...shards.map(({ weights }) => 4 * elementCount(weights.shape)))).toBeLessThan(128 * MiB);
    expect(layoutParameters([wte], twoMoments, 256 * MiB).parameters.get('wte')?.blocks).toHaveLength(1);
  });

  it('refuses a table of which 64 rows cannot be bound', () => {
    const wide = { name: 'wide', shape: [128, 1_000_000], decay: true };
    expect(() => layoutParameters([wide], [], 128 * MiB)).toThrow(
      'parameters: 64 rows of wide [128, 1000000] need 256000000 bytes',
    );
  });

  it('keeps every shard below the limit and every parameter whole, once and apart from the others', () => {
    const parameter = fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 }),
      decay: fc.boolean(),
    });
    const property = fc.property(fc.array(parameter, { minLength: 1, maxLength: 20 }), (drawn) => {
      const limit = 4 * 262_144;
      const named = drawn.map((one, index) => ({ ...one, name: `p${index}` }));
      const { parameters, shards } = layoutParameters(named, twoMoments, limit);
      const taken: { shard: object; from: number; to: number }[] = [];
      for (const { name, shape, decay } of named) {
        const { blocks = [] } = parameters.get(name) ?? {};
        expect(blocks.reduce((rows, { weight }) => rows + (weight.shape[0] ?? 0), 0)).toBe(shape[0]);
        for (const { weight } of blocks) {
          expect(weight.offset % 256).toBe(0);
          const shard = shards.find(({ weights }) => weights.storage === weight.storage);
          expect(weight.offset < (shard?.decayElements ?? -1)).toBe(decay);
          const end = weight.offset + elementCount(weight.shape);
          expect(end).toBeLessThanOrEqual(weight.storage.elements);
          taken.push({ shard: weight.storage, from: weight.offset, to: end });
        }
      }
      for (const a of taken) {
        for (const b of taken) {
          expect(a === b || a.shard !== b.shard || a.to <= b.from || b.to <= a.from).toBe(true);
        }
      }
      for (const { weights } of shards) expect(4 * weights.storage.elements).toBeLessThanOrEqual(limit);
    });
    fc.assert(property, { numRuns: 60, seed: 5 });
  });

  it('owns neither gradients nor moments for inference', () => {
    const store = layoutParameters(shapes, [], 128 * MiB, false);
    expect(storagesOf(store).map(({ name }) => name)).toEqual(['weights 0']);
  });
});

describe('bytesByClass', () => {
  it('sums each storage once', () => {
    const store = layoutParameters(shapes, twoMoments, 128 * MiB);
    const tokens = persistentTensor('tokens', [10], 'u32', 'data');
    const storages = [...storagesOf(store), tokens.storage, tokens.storage];
    const flat = 4 * 11264;
    expect(bytesByClass(storages)).toEqual({ weights: flat, gradients: flat, moments: 2 * flat, data: 40 });
  });
});

describe('what an optimizer keeps', () => {
  const isMatrix = ({ shape }: ParameterShape) => shape.length > 1;
  const states: readonly OptimizerState[] = [
    { kind: 'full', name: 'every' },
    { kind: 'full', name: 'vectors', keeps: (parameter) => !isMatrix(parameter) },
    {
      kind: 'factored',
      name: 'rows',
      shapeOf: (parameter) => (isMatrix(parameter) ? parameter.shape.slice(0, 1) : undefined),
    },
  ];
  const store = layoutParameters(shapes, states, 128 * MiB);

  it('lies in the order of the weights, or in a buffer of its own, and takes no place where it is not kept', () => {
    const [shard] = store.shards;
    expect([...(shard?.states ?? [])].map(([name, { shape }]) => [name, shape])).toEqual([
      ['every', [11264]],
      ['vectors', [2 * 256]],
    ]);
    const place = (name: string) => {
      const { blocks = [], factors = new Map() } = store.parameters.get(name) ?? {};
      const own = blocks.flatMap(({ states: kept }) => [...kept.values()]);
      return [...own, ...factors.values()].map(({ storage, shape, offset }) => [storage.name, shape, offset]);
    };
    expect(place('wte')).toEqual([
      ['every 0', [100, 64], 4352],
      ['rows', [100], 256],
    ]);
    expect(place('bias')).toEqual([
      ['every 0', [3], 11008],
      ['vectors 0', [3], 256],
    ]);
    expect(bytesByClass(storagesOf(store)).moments).toBe(4 * (11264 + 512 + 512));
  });

  it('goes with the parts of a shard that others leave', () => {
    const [shard] = store.shards;
    if (!shard) throw new Error('no shard');
    const parts = partsWithout(shard, (name) => name === 'qkv');
    expect(parts.map(({ weights, decayElements }) => [weights.offset, weights.shape, decayElements])).toEqual(
      [[4352, [6912], 6400]],
    );
    const vectors = partsWithout(shard, (name) => name === 'qkv' || name === 'wte');
    expect(vectors.map(({ weights, states: kept }) => [weights.offset, kept.get('vectors')])).toMatchObject([
      [10752, { offset: 0, shape: [512] }],
    ]);
    expect(partsWithout(shard, () => true)).toEqual([]);
  });
});
