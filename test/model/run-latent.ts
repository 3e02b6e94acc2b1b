// The golden models of latent attention, and what the tests on the reference loops and on a GPU both do with them.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { cpuEngine, type Engine } from '../../src/lab/plans/engine.ts';
import { recordInferencePlans } from '../../src/lab/plans/inference-plans.ts';
import { writeParameters } from '../../src/lab/plans/parameter-io.ts';
import { recordTrainingPlans } from '../../src/lab/plans/training-plans.ts';
import { type Experiment, type ModelConfig, parseExperiment } from '../../src/model/config.ts';
import { constantTables, createModelTensors } from '../../src/model/tensors.ts';
import { storagesOf } from '../../src/plan/store.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';

/** A model as make-latent.py writes it. */
export interface GoldenLatent {
  readonly name: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly optimizer: Readonly<Record<string, unknown>>;
  readonly parameters: readonly (readonly [name: string, shape: readonly number[]])[];
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly logits: readonly number[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly curve: readonly number[];
}

/** All golden models. */
export const goldenLatents = JSON.parse(
  readFileSync(new URL('../fixtures/latent.json', import.meta.url), 'utf8'),
) as readonly GoldenLatent[];

/** The reference loops in float64. */
export const exactEngine: Engine = {
  ...cpuEngine(),
  createRuntime: async (plans, extra) => new CpuRuntime(plans, extra, 'f64'),
};

/** The weights that the script drew. */
export function drawWeights(
  parameters: readonly (readonly [string, readonly number[]])[],
): Map<string, Float32Array> {
  let state = 11;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return new Map(
    parameters.map(([name, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const isNorm = shape.length === 1;
      const draw = () => (isNorm ? 0.3 * next() + 1 : 0.5 * next());
      return [name, Float32Array.from({ length: count }, draw)];
    }),
  );
}

/** The golden model and its training in our own configuration. */
export function experimentOf({ model, optimizer, batches }: GoldenLatent, train: object = {}): Experiment {
  const batch = batches[0]?.length ?? 1;
  const parsed = parseExperiment({ model, train: { steps: 30, batch, clip: 0, optimizer, ...train } });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment;
}

/** Losses before each update. */
export async function lossesOf(golden: GoldenLatent, engine: Engine, train: object = {}): Promise<number[]> {
  const { model, train: config } = experimentOf(golden, train);
  const { optimizer } = config;
  if (optimizer.kind === 'sgd') throw new Error('the golden models are trained by AdamW');
  const plans = recordTrainingPlans(model, config, engine);
  const extra = [plans.tokens, plans.metrics, plans.positionLoss].map(({ storage }) => storage);
  const replayed = [plans.accumulate, plans.update];
  const runtime = await engine.createRuntime(replayed, [...storagesOf(plans.model.store), ...extra]);
  for (const { tensor, values } of constantTables(plans.model)) runtime.write(tensor, values);
  writeParameters(runtime, plans.model.store, 'weights', drawWeights(golden.parameters));
  const losses: number[] = [];
  for (const [step] of golden.curve.entries()) {
    const rows = golden.batches[step % golden.batches.length] ?? [];
    runtime.write(plans.tokens, Uint32Array.from(rows.flat()));
    const scalars = {
      ...exampleScalars,
      ...{ step: step + 1, learningRate: optimizer.learningRate },
      lossScale: 1 / plans.positionLoss.shape.reduce((a, b) => a * b, 1),
      biasCorrection1: 1 - optimizer.beta1 ** (step + 1),
      biasCorrection2: 1 - optimizer.beta2 ** (step + 1),
    };
    await runtime.submit(replayed.map((plan) => ({ plan, scalars })));
    losses.push((await runtime.read(plans.metrics))[0] ?? Number.NaN);
  }
  runtime.dispose();
  return losses;
}

/** Logits after each token of a sequence, decoded one by one, and by a prefill of each length. */
export async function decodeAndPrefill(
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array>,
  sequence: readonly number[],
  engine: Engine,
) {
  const model = createModelTensors(config, { maxBindingBytes: 1 << 27, gradients: false });
  const plans = recordInferencePlans(model, engine);
  const longest = plans.prefill.at(-1);
  if (!longest) throw new Error('no plan of prefill');
  const runtime = await engine.createRuntime([longest.plan, plans.decode], storagesOf(model.store));
  for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
  writeParameters(runtime, model.store, 'weights', weights);
  const tokens = new Uint32Array(longest.length + 1);
  tokens.set(sequence);
  runtime.write(longest.tokens, tokens);
  const read = async () => [...(await runtime.read(plans.logits))];
  const decoded: number[][] = [];
  const continued: number[][] = [];
  const prefilled: number[][] = [];
  const decode = async (position: number) => {
    runtime.write(plans.state, Uint32Array.of(position, sequence[position] ?? 0, 0, 0));
    await runtime.submit([{ plan: plans.decode, scalars: exampleScalars }]);
    return read();
  };
  for (const [position] of sequence.entries()) decoded.push(await decode(position));
  for (const [position] of sequence.entries()) {
    runtime.write(plans.state, Uint32Array.of(position, 0, 0, 0));
    await runtime.submit([{ plan: longest.plan, scalars: { ...exampleScalars, length: position + 1 } }]);
    prefilled.push(await read());
    // The cache that this prefill filled serves the next token.
    if (position + 1 < sequence.length) continued.push(await decode(position + 1));
  }
  runtime.dispose();
  return { decoded, prefilled, continued, plans };
}

/** Expects numbers within a part of the largest. */
export function expectNear(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  what: string,
  tolerance: number,
) {
  expect(found, what).toHaveLength(wanted.length);
  const numbers = Array.from(wanted);
  const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  // Math.max makes NaN of a number that is missing.
  const worst = numbers.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (found[i] ?? Number.NaN))),
    0,
  );
  expect(worst / largest, what).toBeLessThan(tolerance);
}
