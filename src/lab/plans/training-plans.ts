// Records the plans of a training run: one micro-batch forward and backward, the update, and evaluation.

import { gradientNorm } from '../../kernels/gradient-norm.ts';
import { headLoss, lossSum } from '../../kernels/head-loss.ts';
import { type MuonOptions, muon } from '../../kernels/muon.ts';
import { type AdamWOptions, adamW, sgd } from '../../kernels/optimizers.ts';
import type { ModelConfig, TrainConfig } from '../../model/config.ts';
import { recordRouterBiases } from '../../model/experts.ts';
import {
  createModelTensors,
  headOf,
  type ModelTensors,
  parameterOf,
  registerParameters,
} from '../../model/model-tensors.ts';
import { muonMatrices } from '../../model/muon-matrices.ts';
import { recordTrunk } from '../../model/transformer.ts';
import type { Capabilities, VariantTable } from '../../plan/kernel.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import { parameterAlignment, persistentTensor, type Shard } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import { elementCount, type Tensor, viewOf } from '../../plan/tensor.ts';

/** What one run executes, and the tensors through which it talks to the outside. */
export interface TrainingPlans {
  readonly model: ModelTensors;
  /** T of the batches: the model's context unless asked otherwise. */
  readonly time: number;
  /** [B, T + 1] u32: inputs, and targets one further. */
  readonly tokens: Tensor;
  /** [B, T] u32, only when targets are not the next tokens; `ignoredTarget` where a position has none. */
  readonly targets: Tensor | undefined;
  /** f32 [8]: loss, gradient norm, finite flag, clip factor. */
  readonly metrics: Tensor;
  /** f32 [8]: loss of the evaluation in progress. */
  readonly evaluationMetrics: Tensor;
  /** Loss of every position of the last micro-batch, [B·T]. */
  readonly positionLoss: Tensor;
  readonly accumulate: Plan;
  readonly update: Plan;
  readonly evaluate: Plan;
}

/** What recording depends on besides the configuration. */
export interface RecordingOptions {
  readonly capabilities: Capabilities;
  readonly variants?: VariantTable;
  /** Targets are uploaded on their own, not taken from the tokens. */
  readonly separateTargets?: boolean;
  /** T of the batches, at most the model's context, which it is by default. */
  readonly time?: number;
}

/** Buffers of optimizer state. */
export function momentCount(train: Pick<TrainConfig, 'optimizer'>): number {
  return train.optimizer.kind === 'sgd' ? 1 : 2;
}

/** Records everything that a training run needs. @throws if the model does not fit the device's limits. */
export function recordTrainingPlans(
  config: ModelConfig,
  train: TrainConfig,
  options: RecordingOptions,
): TrainingPlans {
  const { batch, accumulation } = train;
  const time = options.time ?? config.context;
  const model = createModelTensors(config, {
    maxBindingBytes: options.capabilities.maxBindingBytes,
    moments: momentCount(train),
    gradients: true,
    microBatches: accumulation,
  });
  const tokens = persistentTensor('tokens', [batch, time + 1], 'u32', 'data');
  const targets = options.separateTargets
    ? persistentTensor('targets', [batch, time], 'u32', 'data')
    : undefined;
  const metrics = persistentTensor('metrics', [8], 'f32', 'state');
  const evaluationMetrics = persistentTensor('evaluation metrics', [8], 'f32', 'state');
  const positionLoss = persistentTensor('loss by position', [batch * time], 'f32', 'state');
  const several: 0 | 1 = accumulation > 1 ? 1 : 0;

  const recordLoss = (tape: Tape, into: Tensor, accumulate: 0 | 1) => {
    const x = recordTrunk(tape, model, tokens, { batch, time }, undefined, train.recompute);
    tape.scope('head', () => {
      tape.term('head', () =>
        headLoss(tape, x, headOf(model), { tokens, targets }, positionLoss, {
          time,
          lossPositions: train.lossPositions,
        }),
      );
      tape.term('loss', () => lossSum(tape, positionLoss, into, { accumulate }));
    });
  };

  const training = new Tape({ ...options, training: true });
  // Several micro-batches add to gradients that the update leaves at zero.
  registerParameters(training, model, several);
  recordLoss(training, metrics, several);
  training.backward();

  const evaluation = new Tape(options);
  recordLoss(evaluation, evaluationMetrics, 1);

  return {
    model,
    time,
    tokens,
    targets,
    metrics,
    evaluationMetrics,
    positionLoss,
    accumulate: freeze('accumulate', training),
    update: freeze('update', recordUpdate(model, metrics, train, options)),
    evaluate: freeze('evaluate', evaluation),
  };
}

function recordUpdate(
  model: ModelTensors,
  metrics: Tensor,
  train: TrainConfig,
  options: RecordingOptions,
): Tape {
  const tape = new Tape(options);
  const { optimizer, clip, accumulation } = train;
  const recordOptimizer = () => {
    tape.scope('gradient norm', () =>
      gradientNorm(
        tape,
        model.store.shards.map((shard) => shard.gradients),
        metrics,
        { clip },
      ),
    );
    const clearGradient: 0 | 1 = accumulation > 1 ? 1 : 0;
    tape.scope('optimizer', () => {
      if (optimizer.kind === 'muon') {
        const { momentum, weightDecay, matrixRate: rate, matrixScale: scale } = optimizer;
        const options = { momentum, weightDecay, rate, scale, clearGradient } as const;
        recordMuon(tape, model, metrics, options, { ...optimizer, clearGradient });
        return;
      }
      for (const shard of model.store.shards) {
        if (optimizer.kind === 'adamw') adamW(tape, shard, metrics, { ...optimizer, clearGradient });
        else sgd(tape, shard, metrics, { ...optimizer, clearGradient });
      }
    });
    recordRouterBiases(tape, model, metrics);
  };
  tape.phase('update', () => tape.term('optimizer', recordOptimizer));
  return tape;
}

/** Muon for the matrices of the blocks, AdamW for the runs of parameters between them. */
function recordMuon(
  tape: Tape,
  model: ModelTensors,
  metrics: Tensor,
  options: MuonOptions,
  otherOptions: AdamWOptions,
): void {
  const taken = new Map<string, Tensor>();
  for (const matrix of muonMatrices(model.config)) {
    const [block, ...more] = parameterOf(model, matrix.name).blocks;
    const shard = model.store.shards.find(({ weights }) => weights.storage === block?.weight.storage);
    const moment = shard?.moments[0];
    if (!block || !moment || more.length > 0)
      throw new Error(`muon: ${matrix.name} does not lie in one block with a moment. Lower the width.`);
    taken.set(matrix.name, block.weight);
    const moment1 = { ...block.weight, storage: moment.storage };
    const tensors = { weights: block.weight, gradients: block.gradient, moment1 };
    tape.scope(matrix.name, () => muon(tape, tensors, matrix, metrics, options));
  }
  for (const shard of model.store.shards) {
    const within = [...taken.values()].filter(({ storage }) => storage === shard.weights.storage);
    for (const part of restOf(shard, within)) adamW(tape, part, metrics, otherOptions);
  }
}

/** The runs of a shard between the given parameters, as shards of their own. */
function restOf(shard: Shard, taken: readonly Tensor[]): Shard[] {
  const elements = elementCount(shard.weights.shape);
  const sorted = [...taken].sort((a, b) => a.offset - b.offset);
  const parts: Shard[] = [];
  let start = 0;
  const cut = (end: number) => {
    const view = (tensor: Tensor) => viewOf(tensor, start, [end - start]);
    if (end > start)
      parts.push({
        weights: view(shard.weights),
        gradients: view(shard.gradients),
        moments: shard.moments.map(view),
        decayElements: Math.max(0, Math.min(end, shard.decayElements) - start),
      });
  };
  for (const { offset, shape } of sorted) {
    cut(offset);
    // Parameters start on binding boundaries; what lies between is padding.
    start = Math.ceil((offset + elementCount(shape)) / parameterAlignment) * parameterAlignment;
  }
  cut(elements);
  return parts;
}
