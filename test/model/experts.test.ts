// Layers with experts in a model: identities with dense models, decoding, accumulation, statistics and biases.
import { describe, expect, it } from 'vitest';
import { headLogits } from '../../src/kernels/head-loss.ts';
import { selectRow } from '../../src/kernels/select-row.ts';
import { readParameters, writeParameters } from '../../src/lab/plans/parameter-io.ts';
import { recordTrainingPlans } from '../../src/lab/plans/training-plans.ts';
import { type ModelConfig, parseModel, type TrainConfig } from '../../src/model/config.ts';
import { type ExpertStatistics, expertStatisticsOf } from '../../src/model/experts.ts';
import { initialiseParameters } from '../../src/model/initialise.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { constantTables, createModelTensors, headOf } from '../../src/model/tensors.ts';
import { recordDecodeTrunk, recordTrunk } from '../../src/model/transformer.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor, storagesOf } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { tinyExperiment } from '../lab/training/tiny-runs.ts';
import { near } from '../near.ts';
import { runModel } from './run-model.ts';

const base = {
  ...{
    layers: 3,
    width: 12,
    heads: 2,
    context: 8,
    vocabulary: 17,
    hidden: 10,
    gated: true,
    activation: 'silu',
  },
  ...{ norm: 'rmsNorm', position: 'rope', experts: 4, expertsPerToken: 2, balanceLoss: 0 },
};

function configOf(changes: Readonly<Record<string, unknown>> = {}): ModelConfig {
  const parsed = parseModel({ ...base, ...changes });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.model;
}

function weightsOf(config: ModelConfig): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  initialiseParameters(parameterSpecs(config), 3, (name, values) => {
    // Larger than at the start of training, so that routing and gradients are no rounding errors.
    weights.set(
      name,
      values.map((value) => (value === 1 ? 1 : 12 * value)),
    );
  });
  return weights;
}

const rows = {
  inputs: [
    [1, 5, 9, 2, 16, 3, 0, 7],
    [4, 4, 11, 8, 2, 10, 6, 15],
  ],
  targets: [
    [5, 9, 2, 16, 3, 0, 7, 1],
    [4, 11, 8, 2, 10, 6, 15, 4],
  ],
};

describe('a model with experts', () => {
  it('names router, experts, shared experts and one bias for all routers', () => {
    const config = configOf({ denseLayers: 1, sharedExperts: 2, sharedHidden: 5, routerBiasRate: 0.01 });
    const shapes = parameterSpecs(config)
      .filter(({ name }) => /ffn\.|xperts|router/.test(name))
      .map(({ name, shape, decay }) => [name, shape, decay]);
    expect(shapes).toEqual([
      ['layers.0.ffn.gateUp', [12, 20], true],
      ['layers.0.ffn.contract', [10, 12], true],
      ...[1, 2].flatMap((layer) => [
        [`layers.${layer}.experts.router`, [12, 4], true],
        [`layers.${layer}.experts.gateUp`, [4, 12, 20], true],
        [`layers.${layer}.experts.contract`, [4, 10, 12], true],
        [`layers.${layer}.sharedExperts.gateUp`, [12, 20], true],
        [`layers.${layer}.sharedExperts.contract`, [10, 12], true],
      ]),
      ['routerBias', [2, 4], false],
    ]);
  });

  it('with one expert equals the dense model of the same matrices', async () => {
    const single = configOf({ experts: 1, expertsPerToken: 1 });
    const dense = configOf({ experts: 0 });
    const weights = weightsOf(single);
    const renamed = new Map(
      [...weights].map(([name, values]) => [name.replace('.experts.', '.ffn.'), values]),
    );
    const [mixture, plain] = [await runModel(single, weights, rows), await runModel(dense, renamed, rows)];
    expect(mixture.loss).toBeCloseTo(plain.loss, 12);
    for (const [name, gradient] of plain.gradients) {
      const ours = mixture.gradients.get(name.replace('.ffn.', '.experts.')) ?? [];
      gradient.forEach((value, i) => {
        expect(ours[i]).toBeCloseTo(value, 6);
      });
    }
  });

  it('with shared experts of weightless routed ones equals the dense model', async () => {
    const shared = configOf({ sharedExperts: 2, sharedHidden: 5 });
    const weights = weightsOf(shared);
    for (const [name, values] of weights) if (name.endsWith('.experts.contract')) values.fill(0);
    const renamed = new Map(
      [...weights].map(([name, values]) => [name.replace('.sharedExperts.', '.ffn.'), values]),
    );
    const plain = await runModel(configOf({ experts: 0 }), renamed, rows);
    expect((await runModel(shared, weights, rows)).loss).toBeCloseTo(plain.loss, 12);
  });

  it('decodes one token after another to the logits of the whole sequence', async () => {
    const config = configOf({
      denseLayers: 1,
      sharedExperts: 1,
      routerBiasRate: 0.01,
      routerScore: 'sigmoid',
    });
    const weights = weightsOf(config);
    const sequence = rows.inputs[0] ?? [];
    const model = createModelTensors(config, { maxBindingBytes: 1 << 27, gradients: false });
    const tokens = persistentTensor('tokens', [1, sequence.length + 1], 'u32', 'data');
    const state = persistentTensor('state', [4], 'u32', 'state');
    const logits = persistentTensor('logits', [1, config.vocabulary], 'f32', 'state');
    const caches = Array.from({ length: config.layers }, (_, i) =>
      persistentTensor(
        `cache ${i}`,
        [config.context, 2 * config.keyValueHeads * config.headSize],
        'f32',
        'cache',
      ),
    );
    const whole = new Tape({ capabilities: baselineCapabilities });
    const x = recordTrunk(whole, model, tokens, { batch: 1, time: sequence.length });
    headLogits(whole, selectRow(whole, x), headOf(model), logits);
    const one = new Tape({ capabilities: baselineCapabilities });
    headLogits(one, recordDecodeTrunk(one, model, state, caches), headOf(model), logits);
    const [full, decode] = [freeze('whole', whole), freeze('one', one)];
    const runtime = new CpuRuntime([full, decode], storagesOf(model.store), 'f64');
    for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
    writeParameters(runtime, model.store, 'weights', weights);
    runtime.write(tokens, Uint32Array.from([...sequence, 0]));
    for (const [position, token] of sequence.entries()) {
      await runtime.submit([{ plan: full, scalars: { ...exampleScalars, length: position + 1 } }]);
      const expected = [...(await runtime.read(logits))];
      runtime.write(state, Uint32Array.from([position, token, 0, 0]));
      await runtime.submit([{ plan: decode, scalars: exampleScalars }]);
      const actual = await runtime.read(logits);
      expected.forEach((value, i) => {
        expect(actual[i]).toBeCloseTo(value, 9);
      });
    }
  });
});

/** Two steps on the references: statistics, loss gradients of the first micro-batches, and the biases afterwards. */
async function trained(changes: Readonly<Record<string, unknown>>, train: Partial<TrainConfig> = {}) {
  const config = configOf(changes);
  const experiment = tinyExperiment({ train: { batch: 2, ...train } });
  const plans = recordTrainingPlans(config, experiment.train, { capabilities: baselineCapabilities });
  const { model } = plans;
  const runtime = new CpuRuntime(
    [plans.accumulate, plans.update, plans.evaluate],
    [...storagesOf(model.store), plans.metrics.storage],
    'f64',
  );
  for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
  writeParameters(runtime, model.store, 'weights', weightsOf(config));
  const replay = async (inputs: readonly (readonly number[])[], lossScale: number) => {
    runtime.write(plans.tokens, Uint32Array.from(inputs.flatMap((row) => [...row, 0])));
    await runtime.submit([{ plan: plans.accumulate, scalars: { ...exampleScalars, lossScale } }]);
  };
  const read = async (): Promise<ExpertStatistics[]> => {
    const tensor = model.experts?.statistics;
    return tensor ? expertStatisticsOf(config, await runtime.read(tensor)) : [];
  };
  return { config, plans, runtime, replay, read };
}

describe('training with experts', () => {
  it('sums statistics per layer and expert over replays', async () => {
    const { replay, read, config } = await trained({
      denseLayers: 1,
      capacityFactor: 0.75,
      balanceLoss: 0.01,
    });
    await replay(rows.inputs, 1 / 16);
    await replay(rows.inputs, 1 / 16);
    const statistics = await read();
    expect(statistics.map(({ layer }) => layer)).toEqual([1, 2]);
    for (const { tokens, load, dropped, meanProbability, entropy, balance } of statistics) {
      const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
      expect([tokens, sum(load)]).toEqual([32, 64]);
      expect(sum(meanProbability)).toBeCloseTo(1, 9);
      expect(entropy).toBeGreaterThan(0);
      expect(entropy).toBeLessThanOrEqual(Math.log(config.experts) + 1e-9);
      expect(balance).toBeGreaterThan(0);
      // Capacity is ⌈0.75 · 32 ÷ 4⌉ = 6 of each replay's choices.
      dropped.forEach((count, e) => {
        expect(count).toEqual(near(2 * Math.max(0, load[e] / 2 - 6)));
      });
    }
  });

  it('splits a batch into micro-batches without changing gradients', async () => {
    const gradients = async (
      train: Partial<TrainConfig>,
      parts: readonly (readonly (readonly number[])[])[],
    ) => {
      const { plans, runtime, replay } = await trained({ routerZLoss: 0.1 }, train);
      for (const part of parts) await replay(part, 1 / 16);
      return readParameters(runtime, plans.model.store, 'gradients');
    };
    const whole = await gradients({ batch: 2 }, [rows.inputs]);
    const split = await gradients(
      { batch: 1, accumulation: 2 },
      rows.inputs.map((row) => [row]),
    );
    for (const [name, values] of whole) {
      const other = split.get(name) ?? [];
      values.forEach((value, i) => {
        expect(other[i], name).toBeCloseTo(value, 6);
      });
    }
  });

  it('moves the bias of overloaded experts down and of the others up, and nothing else by it', async () => {
    const { plans, runtime, replay, read, config } = await trained({ routerBiasRate: 0.25, denseLayers: 2 });
    await replay(rows.inputs, 1 / 16);
    const [{ load = [] } = {}] = await read();
    await runtime.submit([{ plan: plans.update, scalars: { ...exampleScalars, learningRate: 0 } }]);
    const bias = (await readParameters(runtime, plans.model.store, 'weights')).get('routerBias');
    const mean = (16 * config.expertsPerToken) / config.experts;
    expect([...(bias ?? [])].map((moved) => 4 * moved)).toEqual(load.map((count) => Math.sign(mean - count)));
    expect(load.some((count) => count !== mean)).toBe(true);
  });

  it('flags a step whose router scores are no numbers, and then changes nothing', async () => {
    const { plans, runtime, replay, config } = await trained({ routerBiasRate: 0.25 });
    const weights = weightsOf(config);
    weights.get('layers.1.experts.router')?.fill(Number.POSITIVE_INFINITY);
    writeParameters(runtime, plans.model.store, 'weights', weights);
    await replay(rows.inputs, 1 / 16);
    await runtime.submit([{ plan: plans.update, scalars: exampleScalars }]);
    expect((await runtime.read(plans.metrics))[2]).toBe(0);
    expect(await readParameters(runtime, plans.model.store, 'weights')).toEqual(weights);
  });
});
