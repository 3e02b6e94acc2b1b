// A run over batches given in advance, from given weights, at a constant rate: how we are compared with others.

import * as v from 'valibot';
import type { StepRecord } from '../../contract/runs.ts';
import { issueText } from '../../data/issue-text.ts';
import type { TrainConfig } from '../../model/config.ts';
import { defaultOptimizer } from '../../model/fields/optimizer.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { ListedBatches, type MicroBatch } from '../plans/batches.ts';
import { checkCapacity } from '../plans/capacity.ts';
import type { Engine } from '../plans/engine.ts';
import type { LabelledBatch } from '../plans/labelled-batches.ts';
import { openModel } from '../plans/open-model.ts';
import { LabError, stage } from '../plans/problem.ts';
import { parameterCopies, recordTrainingPlans, type TrainingPlans } from '../plans/training-plans.ts';
import { type Checkpoint, restoreCheckpoint } from './checkpoint.ts';
import type { ModelFiles } from './model-files.ts';
import { Trainer } from './trainer.ts';

const rate = v.pipe(v.number(), v.finite(), v.minValue(0));
const beta = v.pipe(v.number(), v.minValue(0), v.maxValue(0.9999999));
const optimizerSchema = v.strictObject({
  kind: v.literal('adamw'),
  learningRate: rate,
  betas: v.optional(v.tuple([beta, beta]), [0.9, 0.999]),
  epsilon: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 1e-8),
  weightDecay: v.optional(rate, 0.01),
  clip: v.optional(rate, 0),
});

/** Optimizer of a comparison; what is left out is PyTorch's default of AdamW, and no clipping. */
export type ListedOptimizer = v.InferOutput<typeof optimizerSchema>;

/** Reads an optimizer file. @throws LabError with one clear sentence. */
export function parseListedOptimizer(who: string, json: unknown): ListedOptimizer {
  const parsed = v.safeParse(optimizerSchema, json);
  if (parsed.success) return parsed.output;
  const message =
    `${who}: ${issueText(parsed.issues[0], 'the file')}. ` +
    'Give {"kind": "adamw", "learningRate", "betas", "epsilon", "weightDecay", "clip"}.';
  throw new LabError({ kind: 'invalidConfig', message });
}

/** A comparison that is ready to take steps. */
export interface ListedRun {
  readonly train: TrainConfig;
  readonly plans: TrainingPlans;
  readonly runtime: Runtime;
  readonly trainer: Trainer;
  /** One step per batch. */
  readonly steps: number;
}

/**
 * Prepares a comparison, from the given weights or from where a checkpoint of one stopped.
 * @throws LabError when the model does not fit; nothing stays allocated then.
 */
export async function prepareListedRun(
  engine: Engine,
  { model, weights }: Pick<ModelFiles, 'model' | 'weights'>,
  batches: readonly LabelledBatch[],
  optimizer: ListedOptimizer,
  checkpoint?: Checkpoint,
): Promise<ListedRun> {
  const [{ batch, time }] = batches;
  const train = trainConfig(optimizer, batches.length, batch);
  const plans = await stage('tooLarge', () => {
    checkCapacity(engine, model, parameterCopies(train));
    // Other frameworks draw other random numbers: a comparison is without dropout.
    const options = { ...engine, separateTargets: true, time };
    return recordTrainingPlans({ ...model, dropout: 0 }, train, options);
  });
  const fill = checkpoint
    ? (runtime: Runtime) =>
        stage('invalidFile', () => restoreCheckpoint(runtime, plans.model.store, checkpoint))
    : weights;
  const runtime = await openModel(engine, [plans.accumulate, plans.update], plans.model, fill);
  try {
    const source = new ListedBatches(batches.map(toMicroBatch), checkpoint?.progress.step);
    return {
      train,
      plans,
      runtime,
      trainer: new Trainer(runtime, plans, train, source, checkpoint?.progress),
      steps: batches.length,
    };
  } catch (error) {
    runtime.dispose();
    throw error;
  }
}

/**
 * Takes all steps in order, two of them in flight. `onStep` gets each record late but in order; `isFinite` false means that
 * the update was skipped. Stops early when `shouldStop` says so; steps in flight are finished then.
 */
export async function runListed(
  { trainer, steps }: ListedRun,
  onStep: (record: StepRecord & { readonly isFinite: boolean }) => void,
  shouldStop: () => boolean = () => false,
): Promise<void> {
  let all: Promise<unknown> = Promise.resolve();
  while (trainer.progress.step < steps && !shouldStop()) {
    const { record } = await trainer.submitStep();
    // What a listener throws is thrown at the end, whichever step it was.
    all = Promise.all([all, record.then(onStep)]);
    all.catch(() => undefined);
  }
  await all;
}

function trainConfig(optimizer: ListedOptimizer, steps: number, batch: number): TrainConfig {
  const { learningRate, betas, epsilon, weightDecay, clip } = optimizer;
  return {
    steps,
    batch,
    accumulation: 1,
    clip,
    optimizer: {
      ...defaultOptimizer,
      kind: 'adamw',
      learningRate,
      beta1: betas[0],
      beta2: betas[1],
      epsilon,
      weightDecay,
    },
    schedule: { kind: 'constant', warmupSteps: 0, minimumLearningRate: 0, decayFraction: 0 },
    lossPositions: 'all',
    recompute: 'none',
    evaluationInterval: 0,
    evaluationBatches: 1,
    sampleInterval: 0,
    seeds: { weights: 0, data: 0, dropout: 0 },
  };
}

/** Rows of a micro-batch are one longer than its inputs; what stands there is not read when targets are given. */
function toMicroBatch({ batch, time, inputs, targets }: LabelledBatch): MicroBatch {
  const tokens = new Uint32Array(batch * (time + 1));
  for (let row = 0; row < batch; row++) {
    tokens.set(inputs.subarray(row * time, (row + 1) * time), row * (time + 1));
  }
  return { tokens, targets };
}
