// Ourselves on the peers' workload: the same weights, batches and optimizer, through the trainer that the lab uses.
import { ListedBatches, type MicroBatch } from '../../src/lab/plans/batches.ts';
import { type Engine, gpuEngine } from '../../src/lab/plans/engine.ts';
import { writeParameters } from '../../src/lab/plans/parameter-io.ts';
import { recordTrainingPlans } from '../../src/lab/plans/training-plans.ts';
import { Trainer } from '../../src/lab/training/trainer.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { findPreset } from '../../src/model/presets/catalogue.ts';
import { storagesOf } from '../../src/plan/store.ts';
import { openDevice } from '../../src/runtime/device.ts';
import { batchSize, model, optimizer, summarise } from './workload.js';

/** Weights and batches, and how many steps are timed. */
export interface Work {
  readonly weights: Readonly<Record<string, { readonly values: Float32Array }>>;
  readonly batches: readonly { readonly inputs: Int32Array; readonly targets: Int32Array }[];
  readonly steps: number;
  readonly warmUp: number;
}

/** Our names of nanoGPT's parameters. */
const names: readonly (readonly [RegExp, string])[] = [
  [/^wte$/, 'tokenEmbedding'],
  [/^wpe$/, 'positionEmbedding'],
  [/^lnf$/, 'finalNorm'],
  [/^(\d+)\.ln1$/, 'layers.$1.attentionNorm'],
  [/^(\d+)\.qkv$/, 'layers.$1.attention.qkv'],
  [/^(\d+)\.proj$/, 'layers.$1.attention.projection'],
  [/^(\d+)\.ln2$/, 'layers.$1.ffnNorm'],
  [/^(\d+)\.fc$/, 'layers.$1.ffn.expand'],
  [/^(\d+)\.fc2$/, 'layers.$1.ffn.contract'],
];

/** Trains on the GPU. */
export async function run(work: Work) {
  const open = await openDevice(navigator.gpu);
  if (open.kind !== 'device') throw new Error(open.message);
  return trainOn(gpuEngine(open), work, 'webgpu');
}

/** Trains; a step's time is from handing over the tokens to holding the loss, as for the others. */
export async function trainOn(engine: Engine, { weights, batches, steps, warmUp }: Work, backend: string) {
  const { model: config, train } = experiment();
  const plans = recordTrainingPlans(config, train, {
    capabilities: engine.capabilities,
    separateTargets: true,
  });
  const runtime = await engine.createRuntime([plans.accumulate, plans.update], storagesOf(plans.model.store));
  const named = new Map(Object.entries(weights).map(([name, { values }]) => [ourName(name), values]));
  writeParameters(runtime, plans.model.store, 'weights', named);
  const trainer = new Trainer(runtime, plans, train, new ListedBatches(batches.map(microBatch)));
  const losses: number[] = [];
  const times: number[] = [];
  let encodeSeconds = 0;
  for (let step = 0; step < steps; step++) {
    const start = performance.now();
    const pending = await trainer.submitStep();
    losses.push((await pending.record).loss);
    if (step < warmUp) continue;
    times.push(performance.now() - start);
    encodeSeconds += pending.encodeSeconds;
  }
  return {
    losses,
    stepMilliseconds: summarise(times),
    encodeMilliseconds: (1000 * encodeSeconds) / times.length,
    backend,
    version: 'this',
  };
}

function experiment() {
  const { learningRate, betas, epsilon, weightDecay, clip } = optimizer;
  const preset = findPreset('nano-gpt-cpu')?.experiment;
  const parsed = parseExperiment({
    ...preset,
    model: { ...preset?.model, vocabulary: model.vocabulary },
    train: {
      ...preset?.train,
      batch: batchSize,
      clip,
      optimizer: { kind: 'adamw', learningRate, beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
      schedule: { kind: 'constant', warmupSteps: 0, minimumLearningRate: 0 },
    },
  });
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment;
}

function ourName(name: string): string {
  const rule = names.find(([pattern]) => pattern.test(name));
  if (!rule) throw new Error(`bench: no parameter of ours is nanoGPT's ${name}.`);
  return name.replace(rule[0], rule[1]);
}

/** Rows of T + 1 tokens whose last is never read, because the targets are given on their own. */
function microBatch({ inputs, targets }: Work['batches'][number]): MicroBatch {
  const time = model.context;
  const tokens = new Uint32Array(batchSize * (time + 1));
  for (let row = 0; row < batchSize; row++) {
    tokens.set(inputs.subarray(row * time, (row + 1) * time), row * (time + 1));
  }
  return { tokens, targets: Uint32Array.from(targets) };
}
