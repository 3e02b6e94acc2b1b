// Runs a whole model once in float64 on the references: logits, loss and every gradient, to compare with PyTorch.
import { readFileSync } from 'node:fs';
import { headLogits, headLoss, lossSum } from '../../src/kernels/head-loss.ts';
import { ignoredTarget } from '../../src/lab/plans/batches.ts';
import { readParameters, readStored, writeParameters } from '../../src/lab/plans/parameter-io.ts';
import { readModelFiles } from '../../src/lab/training/model-files.ts';
import { inMemory } from '../../src/lab/training/weight-files.ts';
import type { ModelConfig } from '../../src/model/config.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import {
  constantTables,
  createModelTensors,
  headOf,
  type ModelTensorsOptions,
  registerParameters,
} from '../../src/model/tensors.ts';
import { recordTrunk } from '../../src/model/transformer.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor, storagesOf } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';

/** Token ids by row; −100 in targets is ignored. */
export interface Rows {
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
}

/** What comes out. */
export interface ModelResult {
  /** [B·T·V] */
  readonly logits: Float64Array;
  readonly loss: number;
  /** By our parameter names. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** The bytes of a golden file. */
export function fixtureBytes(folder: string, file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/${folder}/${file}`, import.meta.url)));
}

/** A golden JSON file. */
export function fixtureJson<T>(folder: string, file: string): T {
  return JSON.parse(new TextDecoder().decode(fixtureBytes(folder, file))) as T;
}

/** A golden model, with its weights in memory. */
export async function fixtureModel(folder: string) {
  const files = await readModelFiles(async (file) =>
    ['config.json', 'model.safetensors'].includes(file) ? inMemory(fixtureBytes(folder, file)) : undefined,
  );
  return {
    ...files,
    weights: await readStored(files.weights, parameterSpecs(files.model)),
    stored: files.weights,
  };
}

/** Forward and backward once. `maxBindingBytes` cuts the vocabulary tables in row blocks; of frozen parameters there is no gradient. */
export async function runModel(
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array>,
  { inputs, targets }: Rows,
  maxBindingBytes = baselineCapabilities.maxBindingBytes,
  options: Partial<ModelTensorsOptions> = {},
): Promise<ModelResult> {
  const [batch, time] = [inputs.length, inputs[0]?.length ?? 0];
  const model = createModelTensors(config, { maxBindingBytes, gradients: true, ...options });
  const tokens = persistentTensor('tokens', [batch, time + 1], 'u32', 'data');
  const wanted = persistentTensor('targets', [batch, time], 'u32', 'data');
  const metrics = persistentTensor('metrics', [8], 'f32', 'state');
  const positionLoss = persistentTensor('loss by position', [batch * time], 'f32', 'state');
  const logits = persistentTensor('logits', [batch * time, config.vocabulary], 'f32', 'state');
  const tape = new Tape({ capabilities: baselineCapabilities, training: true });
  registerParameters(tape, model, 0);
  const x = recordTrunk(tape, model, tokens, { batch, time });
  headLogits(tape, x, headOf(model), logits);
  headLoss(tape, x, headOf(model), { tokens, targets: wanted }, positionLoss, { time, lossPositions: 'all' });
  lossSum(tape, positionLoss, metrics, { accumulate: 0 });
  tape.backward();
  const plan = freeze('model', tape);
  const runtime = new CpuRuntime([plan], storagesOf(model.store), 'f64');
  for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
  writeParameters(runtime, model.store, 'weights', weights);
  const flatTargets = targets.flat().map((target) => (target < 0 ? ignoredTarget : target));
  runtime.write(tokens, Uint32Array.from(inputs.flatMap((row) => [...row, 0])));
  runtime.write(wanted, Uint32Array.from(flatTargets));
  const counted = flatTargets.filter((target) => target !== ignoredTarget).length;
  await runtime.submit([{ plan, scalars: { lossScale: 1 / counted } }]);
  return {
    logits: (await runtime.read(logits)) as Float64Array,
    loss: (await runtime.read(metrics))[0],
    gradients: await readParameters(runtime, model.store, 'gradients'),
  };
}
