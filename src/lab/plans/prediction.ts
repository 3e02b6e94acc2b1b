// What an experiment should cost: parameters, bytes by class, flops by convention, and on a calibrated device seconds.

import type { Prediction } from '../../contract/runs.ts';
import type { Experiment, ModelConfig } from '../../model/config.ts';
import { expertLayers } from '../../model/experts-config.ts';
import { countActiveParameters, countParameters } from '../../model/parameters.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { pooledBufferBytes } from '../../plan/plan.ts';
import { planFlops } from '../../plan/predict.ts';
import { bytesByClass, storagesOf } from '../../plan/store.ts';
import { flopsPerToken, type TransformerNumbers } from '../../theory/conventions.ts';
import { shapeOf } from '../../theory/shape.ts';
import { expectWork } from './expectation.ts';
import type { InferencePlans } from './inference-plans.ts';
import { allPlans } from './inference-plans.ts';
import type { TrainingPlans } from './training-plans.ts';
import { trainingWork } from './work.ts';

/**
 * Predicts a training run from the very plans that will run. Nothing is allocated.
 * @param trainingFlopsPerSecond of an engine that has no profile
 */
export function predictTraining(
  { model, train }: Experiment,
  plans: TrainingPlans,
  sampling: InferencePlans | undefined,
  profile?: DeviceProfile,
  trainingFlopsPerSecond?: number,
): Prediction {
  const tokensPerStep = train.batch * train.accumulation * plans.time;
  const flops = planFlops(plans.accumulate) * train.accumulation + planFlops(plans.update);
  const parameters = countParameters(model);
  return {
    parameters,
    vocabulary: model.vocabulary,
    memoryBytes: predictMemory(plans, sampling),
    flopsPerToken: [
      // None of the conventions was written for latent attention.
      ...(model.attention === 'latent' ? [] : flopsPerToken(transformerNumbers(model))),
      {
        convention: 'plan',
        flops: flops / tokensPerStep,
        parameters,
        note: 'Sum over the dispatches that run: causal half exact, norms, loss and optimizer included.',
      },
    ],
    tokensPerStep,
    dispatchesPerStep:
      plans.accumulate.dispatches.length * train.accumulation + plans.update.dispatches.length,
    ...(profile
      ? predictTime(train, plans, profile)
      : trainingFlopsPerSecond
        ? predictByRate(train.steps, flops, tokensPerStep, trainingFlopsPerSecond)
        : {}),
  };
}

/** By how much a step may miss what one small model's rate says: kernels of other shapes run at other rates. */
const rateError = 0.5;

function predictByRate(steps: number, flops: number, tokens: number, flopsPerSecond: number) {
  const secondsPerStep = flops / flopsPerSecond;
  return {
    secondsPerStep,
    tokensPerSecond: tokens / secondsPerStep,
    relativeError: rateError,
    totalSeconds: secondsPerStep * steps,
  };
}

function predictTime(train: Experiment['train'], plans: TrainingPlans, profile: DeviceProfile) {
  const { seconds, limitSeconds, relativeError, tokens } = expectWork(trainingWork(plans, train), profile);
  return {
    secondsPerStep: seconds,
    limitSecondsPerStep: limitSeconds,
    tokensPerSecond: tokens / seconds,
    relativeError,
    ...(profile.isQuick ? { isQuick: true } : {}),
    totalSeconds: seconds * train.steps,
  };
}

/** Bytes of everything that the runtime of these plans allocates for tensors. */
export function predictMemory(plans: TrainingPlans, sampling?: InferencePlans): Prediction['memoryBytes'] {
  const all = allPlans(plans, sampling);
  const bytes = bytesByClass([
    ...all.flatMap((plan) => [...plan.persistent]),
    ...storagesOf(plans.model.store),
  ]);
  const pooled = pooledBufferBytes(all).reduce((sum, size) => sum + size, 0);
  const { weights = 0, gradients = 0, moments = 0, activations = 0, cache = 0, data = 0, state = 0 } = bytes;
  const other = cache + data + state;
  return {
    weights,
    gradients,
    moments,
    activations: activations + pooled,
    other,
    total: weights + gradients + moments + activations + pooled + other,
  };
}

/** A model as the closed forms of src/theory want it: of a mixture what one token uses. */
export function transformerNumbers(model: ModelConfig): TransformerNumbers {
  const { layers, gated, context } = model;
  const parameters = countActiveParameters(model);
  const expertHidden = model.expertsPerToken * model.expertHidden + model.sharedExperts * model.sharedHidden;
  const mixtures = expertLayers(model).length;
  return {
    ...shapeOf(model),
    gated,
    context,
    // The conventions know one hidden size: the mean over the layers.
    hidden: (mixtures * expertHidden + (layers - mixtures) * model.hidden) / layers,
    parameters,
    positionParameters: countParameters(model) - countParameters(model, { positions: false }),
    isMixture: mixtures > 0,
  };
}
