// A model's places in memory: parameters in the store, constant tables, and where gradients go.
import { expect, it } from 'vitest';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import {
  biasOf,
  constantTables,
  createModelTensors,
  headOf,
  parameterOf,
  registerParameters,
  weightOf,
} from '../../src/model/model-tensors.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';

const options = { maxBindingBytes: 2 ** 27, moments: 2, gradients: true };

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
  expect(model.store.shards.map(({ moments }) => moments.length)).toEqual([2]);
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
