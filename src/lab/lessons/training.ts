// A small model in training, as lessons use it: its own runtime, plans that the lesson adds, losses by position.

import type { Dataset } from '../../data/dataset.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { type Experiment, type ModelConfig, parseExperiment } from '../../model/config.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { RandomBatches } from '../plans/batches.ts';
import { type Corpus, evaluationBatches, loadCorpus, splitCorpus } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { freshWeights, openModel } from '../plans/open-model.ts';
import { type NamedArrays, readParameters } from '../plans/parameter-io.ts';
import { recordTrainingPlans, type TrainingPlans } from '../plans/training-plans.ts';
import { withVocabulary } from '../training/run.ts';
import { Trainer } from '../training/trainer.ts';

/** What a lesson trains, as an experiment's JSON. */
export interface LessonSetup {
  readonly model: Readonly<Record<string, unknown>>;
  readonly train: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An experiment with its tokens. */
export interface LessonExperiment {
  readonly experiment: Experiment;
  readonly corpus: Corpus;
  readonly dataset: Dataset;
}

/** A model that can take steps. Dispose it. */
export interface LessonRun extends LessonExperiment {
  readonly plans: TrainingPlans;
  readonly runtime: Runtime;
  readonly trainer: Trainer;
}

/** Reads a lesson's experiment and makes its text: no GPU. */
export async function lessonExperiment({ model, train, data }: LessonSetup): Promise<LessonExperiment> {
  const parsed = parseExperiment({
    model: { heads: 2, ...model },
    train: {
      evaluationInterval: 0,
      evaluationBatches: 1,
      sampleInterval: 0,
      optimizer: { learningRate: 3e-3 },
      schedule: { kind: 'constant', warmupSteps: 10 },
      ...train,
    },
    data,
  });
  if (parsed.kind !== 'ok') throw new Error(`lesson: ${parsed.problems.map((p) => p.message).join(' ')}`);
  const corpus = await loadCorpus(parsed.experiment.data);
  const experiment = withVocabulary(parsed.experiment, corpus);
  return {
    experiment,
    corpus,
    dataset: splitCorpus(corpus, experiment.data, experiment.model.context),
  };
}

/** Prepares a model for training, with plans of the lesson's own on the same runtime. */
export async function startLessonRun(
  engine: Engine,
  lesson: LessonExperiment,
  addPlans: (plans: TrainingPlans) => readonly Plan[] = () => [],
): Promise<LessonRun> {
  const { model, train } = lesson.experiment;
  const plans = recordTrainingPlans(model, train, engine);
  const all = [plans.accumulate, plans.update, plans.evaluate, ...addPlans(plans)];
  const weights = freshWeights(model, train.seeds.weights);
  const runtime = await openModel(engine, all, plans.model, weights);
  try {
    const batches = new RandomBatches(lesson.dataset, train.batch, train.seeds.data);
    return { ...lesson, plans, runtime, trainer: new Trainer(runtime, plans, train, batches) };
  } catch (error) {
    runtime.dispose();
    throw error;
  }
}

/** Takes steps, one in flight, and returns their losses. @throws when a loss is no number */
export async function trainSteps(
  { trainer, runtime }: Pick<LessonRun, 'trainer' | 'runtime'>,
  steps: number,
  onStep: (done: number, loss: number) => void = () => undefined,
): Promise<number[]> {
  const losses: number[] = [];
  let pending: Promise<{ readonly loss: number }> | undefined;
  const take = async (record: Promise<{ readonly loss: number }>) => {
    const { loss } = await record;
    if (!Number.isFinite(loss))
      throw new Error(`lesson: the loss became ${loss} at step ${losses.length + 1}.`);
    losses.push(loss);
    onStep(losses.length, loss);
  };
  for (let step = 0; step < steps; step++) {
    const { record } = await trainer.submitStep();
    if (pending) await take(pending);
    pending = record;
    if (runtime.kind === 'cpu') await betweenEvents();
  }
  if (pending) await take(pending);
  trainer.pauseClock();
  return losses;
}

/** Trains a model that the lesson then does other things with: its configuration, weights and tokenizer, and no runtime. */
export async function trainModel(
  engine: Engine,
  setup: LessonSetup,
  steps: number,
  onStep: (done: number) => void,
): Promise<{ readonly model: ModelConfig; readonly arrays: NamedArrays; readonly tokenizer: Tokenizer }> {
  const run = await startLessonRun(engine, await lessonExperiment(setup));
  try {
    await trainSteps(run, steps, onStep);
    const arrays = await readParameters(run.runtime, run.plans.model.store, 'weights');
    return { model: run.experiment.model, arrays, tokenizer: run.corpus.tokenizer };
  } finally {
    run.runtime.dispose();
  }
}

/** The reference loops never wait for anything: without a pause a worker would not hear that it should stop. */
function betweenEvents(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/**
 * Mean loss of every position over some batches of the validation split, [T]. The same batches at every call.
 * @param plan writes `positionLoss` from `tokens`; a model that learns from the last position evaluates that alone
 */
export async function lossByPosition(
  run: LessonRun,
  batches: number,
  plan: Plan = run.plans.evaluate,
): Promise<number[]> {
  const { dataset, plans, runtime, experiment } = run;
  const { batch } = experiment.train;
  const { time } = plans;
  const sums = new Array<number>(time).fill(0);
  for (const one of evaluationBatches(dataset, batch, batches)) {
    runtime.write(plans.tokens, one.tokens);
    await runtime.submit([{ plan, scalars: { lossScale: 0 } }]);
    const losses = await runtime.read(plans.positionLoss);
    for (let i = 0; i < batch * time; i++) sums[i % time] = (sums[i % time] ?? 0) + (losses[i] ?? 0);
  }
  return sums.map((sum) => sum / (batch * batches));
}

/** Mean of some numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
