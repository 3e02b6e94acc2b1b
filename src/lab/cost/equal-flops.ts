// Models of different families sized to cost the same: training flops of a token, taken from the plans that would run.

import type { ComparedModel } from '../../contract/comparison.ts';
import { type Experiment, type ModelConfig, parseExperiment } from '../../model/config.ts';
import { expertLayers } from '../../model/experts-config.ts';
import { countParameters, parameterSpecs } from '../../model/parameters.ts';
import { scaleModel } from '../../model/size-dial.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import type { Capabilities, VariantTable } from '../../plan/kernel.ts';
import { planFlops } from '../../plan/predict.ts';
import { formatPercent, formatSi } from '../../text/numbers.ts';
import { predictTraining } from '../plans/prediction.ts';
import { LabError } from '../plans/problem.ts';
import { recordTrainingPlans } from '../plans/training-plans.ts';

/** Flops of compared models differ by this part of the first's at most. */
export const flopsTolerance = 0.02;

/** Least and most models of one comparison. */
export const comparedModels = { least: 2, most: 4 } as const;

/** One of the models to compare. */
export interface ModelToCompare {
  readonly presetId: string;
  readonly title: string;
  readonly experiment: Experiment;
}

/** What recording and predicting need of a device. */
export interface ComparisonDevice {
  readonly trainingFlopsPerSecond?: number;
  readonly capabilities: Capabilities;
  readonly variants?: VariantTable | undefined;
  readonly profile?: DeviceProfile | undefined;
}

/** Whole models are scaled so often; then only the hidden sizes move. */
const scalingRounds = 6;

/** Steps of hidden sizes that are tried, the coarsest first: kernels like fours and eights. */
const hiddenUnits = [8, 4, 2, 1] as const;

/** Hidden sizes may leave the family's proportion to the width by this part. */
const hiddenFreedom = 0.3;

/**
 * Sizes every model but the first so that a token of training costs as many flops as with the first, which stays as it
 * is. Text, vocabulary, context, tokens a step and training are the first's for all: what differs is the architecture.
 * The whole model is scaled in its proportions (size-dial.ts), and what is left is taken up by the hidden sizes.
 * @param models the vocabulary of the first must be known
 * @throws LabError if a model cannot be brought within the tolerance
 */
export function sizeToEqualFlops(
  models: readonly ModelToCompare[],
  device: ComparisonDevice,
  steps = 0,
): ComparedModel[] {
  const [first] = models;
  const { least, most } = comparedModels;
  if (!first || models.length < least || models.length > most)
    throw refusal(
      `${models.length} ${models.length === 1 ? 'model was' : 'models were'} given. Choose ${least} to ${most}.`,
    );
  const base = steps > 0 ? withSteps(first.experiment, steps) : first.experiment;
  const target = trainingFlopsPerToken(base, device);
  return models.map((model) => {
    const own = alike(model.experiment, base);
    const experiment =
      model === first ? base : { ...own, model: sizeModel(own, target, device, model.title) };
    return describe(model, experiment, target, device);
  });
}

/** Useful flops of one training step's dispatches over its tokens, multiply-add as two. */
export function trainingFlopsPerToken({ model, train }: Experiment, device: ComparisonDevice): number {
  const { accumulate, update, time } = recordTrainingPlans(model, train, device);
  const flops = planFlops(accumulate) * train.accumulation + planFlops(update);
  return flops / (train.batch * train.accumulation * time);
}

/** Parameters that one token meets: of the routed experts only those that it takes. */
export function activeParameters(model: ModelConfig): number {
  const { experts, expertsPerToken } = model;
  const routed = expertLayers(model).length === 0 ? [] : parameterSpecs(model);
  const idle = routed
    .filter(({ name, shape }) => name.includes('.experts.') && shape.length === 3)
    .reduce((sum, { shape: [, rows, columns] }) => sum + (experts - expertsPerToken) * rows * columns, 0);
  return countParameters(model) - idle;
}

/** The same run with another number of steps: warm-up stays within it, and evaluations in proportion. */
export function withSteps(experiment: Experiment, steps: number): Experiment {
  const { schedule, evaluationInterval, evaluationBatches, sampleInterval } = experiment.train;
  const within = (interval: number) => Math.min(interval, Math.max(1, Math.floor(steps / 5)));
  return {
    ...experiment,
    train: {
      ...experiment.train,
      steps,
      schedule: { ...schedule, warmupSteps: Math.min(schedule.warmupSteps, Math.floor(steps / 10)) },
      evaluationInterval: evaluationInterval === 0 ? 0 : within(evaluationInterval),
      evaluationBatches: Math.min(evaluationBatches, Math.max(1, Math.ceil(steps / 5))),
      sampleInterval: Math.min(sampleInterval, steps),
    },
  };
}

/** A model under the circumstances of the first. */
function alike(experiment: Experiment, base: Experiment): Experiment {
  const { context, vocabulary } = base.model;
  return { ...base, model: { ...experiment.model, context, vocabulary } };
}

function sizeModel(
  experiment: Experiment,
  target: number,
  device: ComparisonDevice,
  title: string,
): ModelConfig {
  const flopsOf = (model: ModelConfig) => trainingFlopsPerToken({ ...experiment, model }, device);
  const found: Sized[] = [];
  let factor = 1;
  for (let round = 0; round < scalingRounds; round++) {
    const model = scaleModel(experiment.model, factor);
    const flops = flopsOf(model);
    found.push({ model, miss: flops / target - 1 });
    factor *= target / flops;
  }
  // Models that are near already need least of their proportions changed.
  found.sort((a, b) => Math.abs(a.miss) - Math.abs(b.miss));
  for (const sized of found) {
    const tuned = tuneHidden(sized, (model) => flopsOf(model) / target - 1);
    if (Math.abs(tuned.miss) <= flopsTolerance && isLegal(experiment, tuned.model)) return tuned.model;
    if (Math.abs(tuned.miss) < Math.abs(found[0].miss)) found[0] = tuned;
  }
  const percent = formatPercent(found[0]?.miss ?? 0);
  throw refusal(
    `no size of ${title} costs ${formatSi(target, 'flop')} a token, as the first model does; the nearest is ` +
      `off by ${percent}. Choose models that are nearer in size.`,
  );
}

/** A model with how far its flops are off, as a part of the target. */
interface Sized {
  readonly model: ModelConfig;
  readonly miss: number;
}

/** Moves the hidden sizes, in the coarsest steps that suffice: flops are linear in them. */
function tuneHidden(start: Sized, missOf: (model: ModelConfig) => number): Sized {
  let best = start;
  for (const key of hiddenKeys(start.model)) {
    if (Math.abs(best.miss) <= flopsTolerance / 2) return best;
    const { model, miss } = best;
    const size = model[key];
    const probe = size + Math.max(1, Math.round(size / 8));
    const slope = (missOf(withHidden(model, key, probe)) - miss) / (probe - size);
    const ideal = size - miss / slope;
    const wanted = Math.min(size * (1 + hiddenFreedom), Math.max(size / (1 + hiddenFreedom), ideal));
    for (const unit of hiddenUnits) {
      const tuned = withHidden(model, key, Math.max(1, Math.round(wanted / unit) * unit));
      const sized = { model: tuned, miss: missOf(tuned) };
      if (Math.abs(sized.miss) < Math.abs(best.miss)) best = sized;
      if (Math.abs(best.miss) <= flopsTolerance / 2) break;
    }
  }
  return best;
}

type HiddenKey = 'hidden' | 'expertHidden';

/** The hidden sizes that a model has: of experts, of dense layers, or of both. */
function hiddenKeys(model: ModelConfig): readonly HiddenKey[] {
  const mixtures = expertLayers(model).length;
  if (mixtures === 0) return ['hidden'];
  return mixtures === model.layers ? ['expertHidden'] : ['expertHidden', 'hidden'];
}

/** Another hidden size; shared experts stay as wide as the others where they were. */
function withHidden(model: ModelConfig, key: HiddenKey, size: number): ModelConfig {
  if (key === 'expertHidden') {
    const sharedHidden = model.sharedHidden === model.expertHidden ? size : model.sharedHidden;
    return { ...model, expertHidden: size, sharedHidden };
  }
  const isDense = model.experts === 0;
  return { ...model, hidden: size, ...(isDense ? { expertHidden: size, sharedHidden: size } : {}) };
}

function isLegal(experiment: Experiment, model: ModelConfig): boolean {
  return parseExperiment({ ...experiment, model }).kind === 'ok';
}

function describe(
  { presetId, title, experiment: original }: ModelToCompare,
  experiment: Experiment,
  target: number,
  device: ComparisonDevice,
): ComparedModel {
  const { model, train } = experiment;
  const plans = recordTrainingPlans(model, train, device);
  const prediction = predictTraining(
    experiment,
    plans,
    undefined,
    device.profile,
    device.trainingFlopsPerSecond,
  );
  const { secondsPerStep, relativeError, tokensPerStep } = prediction;
  const flops = trainingFlopsPerToken(experiment, device);
  return {
    presetId,
    title,
    experiment: experiment,
    change: changeOf(original.model, model),
    parameters: prediction.parameters,
    activeParameters: activeParameters(model),
    flopsPerToken: flops,
    ratio: flops / target,
    tokensPerStep,
    steps: train.steps,
    ...(secondsPerStep === undefined ? {} : { secondsPerStep }),
    ...(relativeError === undefined ? {} : { relativeError }),
  };
}

/** Settings that sizing may move, in the order of the line. */
const movedKeys = [
  'layers',
  'width',
  'heads',
  'keyValueHeads',
  'headSize',
  'hidden',
  'expertHidden',
  'sharedHidden',
  'denseLayers',
  'latentSize',
  'queryLatentSize',
  'ropeHeadSize',
  'valueHeadSize',
  'attentionScale',
  'context',
  'vocabulary',
] as const;

/** Which sizes are not those of the preset, in one line. */
function changeOf(before: ModelConfig, after: ModelConfig): string {
  return movedKeys
    .filter((key) => {
      if (before[key] === after[key] || (key === 'vocabulary' && before[key] === 0)) return false;
      if (key === 'keyValueHeads') return before.keyValueHeads !== before.heads;
      if (key === 'hidden') return hiddenKeys(after).includes('hidden');
      if (key === 'expertHidden') return after.experts > 0;
      if (key === 'sharedHidden') return after.sharedExperts > 0;
      return key !== 'valueHeadSize' || after.attention === 'latent';
    })
    .map((key) => `${key} ${before[key]} → ${after[key]}`)
    .join(', ');
}

function refusal(what: string): LabError {
  return new LabError({ kind: 'invalidConfig', message: `compare: ${what}` });
}
