// Records the plans of a training run: one micro-batch forward and backward, the update, and evaluation.

import { gradientNorm } from '../../kernels/gradient-norm.ts';
import { headLoss, lossSum } from '../../kernels/head-loss.ts';
import { optimizers } from '../../kernels/optimizer-table.ts';
import type { LowRankAdapter } from '../../model/adapter.ts';
import type { ModelConfig, TrainConfig } from '../../model/config.ts';
import { recordRouterBiases } from '../../model/experts.ts';
import { createModelTensors, headOf, type ModelTensors, registerParameters } from '../../model/tensors.ts';
import { recordTrunk } from '../../model/transformer.ts';
import type { Capabilities, VariantTable } from '../../plan/kernel.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import { persistentTensor } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import type { Tensor } from '../../plan/tensor.ts';

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

/** What the plans are called, wherever they are listed with others. */
const planNames = { accumulate: 'accumulate', update: 'update', evaluate: 'evaluate' } as const;

/** Whether a training step replays a plan; evaluating and sampling have others. */
export function isOfStep({ name }: Pick<Plan, 'name'>): boolean {
  return name === planNames.accumulate || name === planNames.update;
}

/** What recording depends on besides the configuration. */
export interface RecordingOptions {
  readonly capabilities: Capabilities;
  readonly variants?: VariantTable | undefined;
  /** Targets are uploaded on their own, not taken from the tokens. */
  readonly separateTargets?: boolean;
  /** T of the batches, at most the model's context, which it is by default. */
  readonly time?: number;
  /** What is trained, where the model itself is left as it is. */
  readonly adapter?: LowRankAdapter | undefined;
}

/** Buffers of the parameters' size that training certainly has: weights, gradients, and states that all parameters have. */
export function parameterCopies({ optimizer }: Pick<TrainConfig, 'optimizer'>): number {
  const { states } = optimizers[optimizer.kind];
  return 2 + states.filter((state) => state.kind === 'full' && !state.keeps).length;
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
    states: optimizers[train.optimizer.kind].states,
    gradients: true,
    microBatches: accumulation,
    adapter: options.adapter,
  });
  const tokens = persistentTensor('tokens', [batch, time + 1], 'u32', 'data');
  // Answers are marked token by token: what has no mark has no target.
  const targets =
    (options.separateTargets ?? train.lossPositions === 'answers')
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
          lossPositions: train.lossPositions === 'last' ? 'last' : 'all',
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
    accumulate: freeze(planNames.accumulate, training),
    update: freeze(planNames.update, recordUpdate(model, metrics, train, options)),
    evaluate: freeze(planNames.evaluate, evaluation),
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
    tape.scope('optimizer', () =>
      optimizers[optimizer.kind].record(tape, model.store, metrics, { ...optimizer, clearGradient }),
    );
    recordRouterBiases(tape, model, metrics);
  };
  tape.phase('update', () => tape.term('optimizer', recordOptimizer));
  return tape;
}
