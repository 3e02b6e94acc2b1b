// A model's places in memory: parameters in the store, constant tables, and where gradients go.
import { expect, it } from 'vitest';
import { optimizers } from '../../src/kernels/optimizer-table.ts';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import {
  biasOf,
  constantTables,
  createModelTensors,
  headOf,
  parameterOf,
  registerParameters,
  ropeTableOf,
  weightOf,
} from '../../src/model/tensors.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';

const states = optimizers.adamw.states;
const options = { maxBindingBytes: 2 ** 27, states, gradients: true };

function config(changes: Partial<ModelConfig>): ModelConfig {
  const parsed = parseModel({ layers: 2, width: 16, heads: 2, context: 6, vocabulary: 200, ...changes });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.model;
}

it('holds every parameter of the configuration once, with a gradient beside it and two moments', () => {
  const model = createModelTensors(config({}), options);
  expect([...model.store.parameters.keys()]).toEqual(parameterSpecs(model.config).map(({ name }) => name));
  for (const { blocks, shape } of model.store.parameters.values()) {
    expect(blocks).toHaveLength(1);
    expect(blocks[0]?.weight.shape).toEqual(shape);
    expect(blocks[0]?.gradient.offset).toBe(blocks[0]?.weight.offset);
  }
  expect(model.store.shards.map(({ states: kept }) => kept.size)).toEqual([2]);
});

it('has a table of rotations with rotary positions only', () => {
  const learned = createModelTensors(config({ position: 'learned' }), options);
  expect(learned.ropeTable).toBeUndefined();
  expect(constantTables(learned)).toEqual([]);

  const rotary = createModelTensors(config({ position: 'rope', ropeBase: 100 }), options);
  expect(rotary.ropeTable?.shape).toEqual([6, 4, 2]);
  const [table] = constantTables(rotary);
  // Position 3, pair 1 of head size 8: angle 3 · 100^(−2/8).
  const angle = 3 * 100 ** (-2 / 8);
  expect(table?.values[(3 * 4 + 1) * 2]).toBeCloseTo(Math.cos(angle), 6);
  expect(table?.values[(3 * 4 + 1) * 2 + 1]).toBeCloseTo(Math.sin(angle), 6);
});

it('has a table for each base that its layers rotate by, and none for layers without positions', () => {
  const both = {
    position: 'rope',
    windowPattern: 'LG',
    window: 2,
    localRopeBase: 50,
    ropeBase: 100,
  } as const;
  const model = createModelTensors(config({ ...both, ropeFraction: 0.5, ropeScaling: 'linear' }), options);
  expect([ropeTableOf(model, 0), ropeTableOf(model, 1)]).toEqual([model.localRopeTable, model.ropeTable]);
  const [table, local] = constantTables(model);
  expect(table?.tensor).toBe(model.ropeTable);
  expect(local?.tensor.shape).toEqual([6, 2, 2]);
  // Position 3, pair 1 of 4 rotated channels; local layers are not stretched.
  expect(table?.values[14]).toBeCloseTo(Math.cos((3 / 4) * 100 ** (-2 / 4)), 6);
  expect(local?.values[14]).toBeCloseTo(Math.cos(3 * 50 ** (-2 / 4)), 6);

  const alike = createModelTensors(config({ ...both, localRopeBase: 0, ropeScaling: 'ntk' }), options);
  expect([alike.localRopeTable, ropeTableOf(alike, 0)]).toEqual([undefined, alike.ropeTable]);
  // The longest wavelength of 8 channels, pair 3, is four times as long.
  expect(constantTables(alike)[0]?.values[3 * 8 + 7]).toBeCloseTo(Math.sin((3 / 4) * 100 ** (-6 / 8)), 6);

  const some = createModelTensors(config({ position: 'rope', positionPattern: 'RN' }), options);
  expect([ropeTableOf(some, 0), ropeTableOf(some, 1)]).toEqual([some.ropeTable, undefined]);
  expect(createModelTensors(config({ position: 'rope', positionPattern: 'N' }), options).ropeTable).toBe(
    undefined,
  );
});

it('has sines and cosines that are as large as written once embeddings are scaled', () => {
  for (const embeddingScale of ['one', 'sqrtWidth'] as const) {
    const model = createModelTensors(config({ position: 'sinusoidal', embeddingScale }), options);
    const [table] = constantTables(model);
    expect(table?.tensor.shape).toEqual([6, 16]);
    const scale = embeddingScale === 'one' ? 1 : 4;
    expect(scale * (table?.values[5 * 16 + 6] ?? 0)).toBeCloseTo(Math.sin(5 / 10_000 ** (6 / 16)), 6);
    expect(scale * (table?.values[5 * 16 + 7] ?? 0)).toBeCloseTo(Math.cos(5 / 10_000 ** (6 / 16)), 6);
    expect(parameterSpecs(model.config).map(({ name }) => name)).not.toContain('positionEmbedding');
  }
});

it('takes the head from the token embedding when tied, and from its own table when not', () => {
  expect(headOf(createModelTensors(config({ tiedHead: true }), options)).name).toBe('tokenEmbedding');
  expect(headOf(createModelTensors(config({ tiedHead: false }), options)).name).toBe('head');
});

it('has biases only where the configuration has', () => {
  const name = 'layers.0.attention.qkvBias';
  expect(biasOf(createModelTensors(config({ bias: true }), options), name)?.shape).toEqual([48]);
  expect(biasOf(createModelTensors(config({ bias: false }), options), name)).toBeUndefined();
});

it('refuses a name that is no parameter, and a whole view of a table in blocks', () => {
  const model = createModelTensors(config({}), { ...options, maxBindingBytes: 128 * 16 * 4 });
  expect(() => parameterOf(model, 'nothing')).toThrow('there is no parameter nothing');
  expect(parameterOf(model, 'tokenEmbedding').blocks.map(({ firstRow }) => firstRow)).toEqual([0, 128]);
  expect(() => weightOf(model, 'tokenEmbedding')).toThrow('lies in 2 blocks');
});

it('tells a tape where every gradient goes and whether it adds', () => {
  const model = createModelTensors(config({}), options);
  for (const accumulate of [0, 1] as const) {
    const tape = new Tape({ capabilities: baselineCapabilities, training: true });
    registerParameters(tape, model, accumulate);
    for (const { blocks } of model.store.parameters.values()) {
      for (const { weight, gradient } of blocks) {
        expect(tape.needsGradient(weight)).toBe(true);
        expect(tape.gradientTarget(weight)).toEqual({ gradient, accumulate });
      }
    }
  }
});
