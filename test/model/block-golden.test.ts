// Every way to put a block together against PyTorch: logits, loss, gradients, and a few steps of training.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recordInferencePlans } from '../../src/lab/plans/inference-plans.ts';
import { writeParameters } from '../../src/lab/plans/parameter-io.ts';
import { recordTrainingPlans } from '../../src/lab/plans/training-plans.ts';
import { type Experiment, parseExperiment } from '../../src/model/config.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { constantTables, createModelTensors } from '../../src/model/tensors.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { storagesOf } from '../../src/plan/store.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { runModel } from './run-model.ts';

interface Golden {
  readonly name: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly optimizer: Readonly<Record<string, unknown>> & { readonly beta1: number; readonly beta2: number };
  readonly parameters: readonly (readonly [name: string, shape: readonly number[]])[];
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly logits: readonly number[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly curve: readonly number[];
}

const file = new URL('../fixtures/blocks.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly Golden[];

/** The weights that the script drew. */
function drawWeights({ model, parameters }: Golden): Map<string, Float32Array> {
  let state = 11;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const width = Number(model.width);
  return new Map(
    parameters.map(([name, shape]) => {
      const isNorm = name.includes('Norm');
      const base = isNorm && model.normOffset !== true ? 1 : 0;
      const spread = isNorm || shape.length === 1 ? 0.3 : 0.5;
      const count = shape.reduce((product, size) => product * size, 1);
      const values = Float32Array.from({ length: count }, (_, i) => spread * next() + (i < width ? base : 0));
      return [name, values];
    }),
  );
}

function experimentOf({ model, optimizer, batches }: Golden, train: object = {}): Experiment {
  const parsed = parseExperiment({
    model,
    train: { steps: 9, batch: batches[0]?.length ?? 1, clip: 0, optimizer, ...train },
  });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment;
}

/** Losses before each update, in float64. */
async function lossesOf(golden: Golden, train: object = {}): Promise<number[]> {
  const { model, train: config } = experimentOf(golden, train);
  const plans = recordTrainingPlans(model, config, { capabilities: baselineCapabilities });
  const extra = [plans.tokens, plans.metrics, plans.positionLoss].map(({ storage }) => storage);
  const replayed = [plans.accumulate, plans.update];
  const runtime = new CpuRuntime(replayed, [...storagesOf(plans.model.store), ...extra], 'f64');
  for (const { tensor, values } of constantTables(plans.model)) runtime.write(tensor, values);
  writeParameters(runtime, plans.model.store, 'weights', drawWeights(golden));
  const losses: number[] = [];
  const { beta1, beta2, learningRate } = config.optimizer;
  for (const [step, rows] of golden.batches.entries()) {
    runtime.write(plans.tokens, Uint32Array.from(rows.flat()));
    const scalars = {
      ...{ step: step + 1, learningRate, lossScale: 1 / plans.positionLoss.shape.reduce((a, b) => a * b, 1) },
      biasCorrection1: 1 - beta1 ** (step + 1),
      biasCorrection2: 1 - beta2 ** (step + 1),
    };
    await runtime.submit(replayed.map((plan) => ({ plan, scalars })));
    losses.push((await runtime.read(plans.metrics))[0] ?? Number.NaN);
  }
  return losses;
}

function expectNear(found: ArrayLike<number>, wanted: readonly number[], what: string, tolerance = 1e-6) {
  expect(found, what).toHaveLength(wanted.length);
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] ?? 0))), 0);
  expect(worst / largest, what).toBeLessThan(tolerance);
}

describe.each(cases.map((golden) => [golden.name, golden] as const))('blocks: %s', (_, golden) => {
  it('has the logits, the loss and the gradients of PyTorch', async () => {
    const { model } = experimentOf(golden);
    const specs = parameterSpecs(model).map(({ name, shape }) => [name, shape]);
    expect(specs).toEqual(golden.parameters);
    const [rows = []] = golden.batches;
    const inputs = rows.map((row) => row.slice(0, -1));
    const targets = rows.map((row) => row.slice(1));
    const found = await runModel(model, drawWeights(golden), { inputs, targets });
    expect(found.loss).toBeCloseTo(golden.loss, 6);
    expectNear(found.logits, golden.logits, 'logits');
    for (const [name, wanted] of Object.entries(golden.gradients))
      expectNear(found.gradients.get(name) ?? [], wanted, `∂${name}`);
  });

  it('learns as in PyTorch', async () => {
    const losses = await lossesOf(golden);
    expectNear(losses, golden.curve, 'losses');
  });

  it('learns the same, bit for bit, when its blocks are computed again', async () => {
    expect(await lossesOf(golden, { recompute: 'blocks' })).toEqual(await lossesOf(golden));
  });

  it('decodes one token after another to the logits of the whole sequence', async () => {
    const { model: config } = experimentOf(golden);
    const options = { capabilities: baselineCapabilities };
    const model = createModelTensors(config, { maxBindingBytes: 1 << 27, gradients: false });
    const plans = recordInferencePlans(model, options);
    const longest = plans.prefill.at(-1);
    if (!longest) throw new Error('no plan of prefill');
    const caches = plans.decode.dispatches.flatMap(({ bindings }) =>
      Object.values(bindings).map(({ storage }) => storage),
    );
    const persistent = [...storagesOf(model.store), ...caches].filter(({ kind }) => kind === 'persistent');
    const runtime = new CpuRuntime([longest.plan, plans.decode], [...new Set(persistent)], 'f64');
    for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
    writeParameters(runtime, model.store, 'weights', drawWeights(golden));
    const sequence = (golden.batches[0]?.[0] ?? []).slice(0, -1);
    const tokens = new Uint32Array(longest.length + 1);
    tokens.set(sequence);
    runtime.write(longest.tokens, tokens);
    const decoded: number[][] = [];
    for (const [position, token] of sequence.entries()) {
      runtime.write(plans.state, Uint32Array.of(position, token, 0, 0));
      await runtime.submit([{ plan: plans.decode, scalars: exampleScalars }]);
      decoded.push([...(await runtime.read(plans.logits))]);
    }
    for (const [position] of sequence.entries()) {
      runtime.write(plans.state, Uint32Array.of(position, 0, 0, 0));
      await runtime.submit([{ plan: longest.plan, scalars: { ...exampleScalars, length: position + 1 } }]);
      expectNear(await runtime.read(plans.logits), decoded[position] ?? [], `position ${position}`, 1e-9);
    }
  });
});
