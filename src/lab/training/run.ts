// Prepares one run: data, plans, runtime and first (or saved) weights, in that order, so that every refusal comes early.

import type { BytesPerToken, Prediction } from '../../contract/runs.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { LossFloors } from '../../data/floors.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { LowRankAdapter } from '../../model/adapter.ts';
import type { Experiment, TrainConfig } from '../../model/config.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { type MicroBatch, RandomBatches } from '../plans/batches.ts';
import { checkCapacity, checkMemory } from '../plans/capacity.ts';
import { encodeConversations } from '../plans/conversations.ts';
import {
  type Corpus,
  evaluationBatches,
  loadCorpus,
  splitCorpus,
  targetsOf,
  textFigures,
} from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { allPlans, type InferencePlans, recordInferencePlans } from '../plans/inference-plans.ts';
import { freshAdapter, freshWeights, openModel } from '../plans/open-model.ts';
import { type NamedArrays, readParameters, writeParameters } from '../plans/parameter-io.ts';
import { predictTraining } from '../plans/prediction.ts';
import { LabError, stage } from '../plans/problem.ts';
import { withRunnableVariants } from '../plans/runnable-variants.ts';
import { parameterCopies, recordTrainingPlans, type TrainingPlans } from '../plans/training-plans.ts';
import { Sampler } from '../sampling/sampler.ts';
import type { AdapterBase } from './adapter-files.ts';
import { type Checkpoint, restoreCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { Trainer } from './trainer.ts';

/** What a run trains beside a model. */
export interface RunAdapter {
  readonly adapter: LowRankAdapter;
  readonly base: AdapterBase;
  /** A and B to start from instead of a seed's. */
  readonly weights?: NamedArrays;
}

/** Where a run starts. */
export interface RunOptions {
  /** The text, already loaded; or the person's own text, when `data.source` is `file`. */
  readonly corpus?: Corpus;
  readonly text?: Blob;
  /** Weights to start from instead of a seed's. */
  readonly weights?: NamedArrays;
  /** Go on from here; the experiment must describe the same model and batches. */
  readonly checkpoint?: Checkpoint;
  /** Train this, and leave the model as it is: `weights` are then the base's, also where a checkpoint goes on. */
  readonly adapter?: RunAdapter | undefined;
  /** Record the sampler's plans too. */
  readonly withSampler: boolean;
  readonly onProgress?: (what: string, fraction: number) => void;
}

/** A run that is ready to take steps. */
export interface Run {
  readonly experiment: Experiment;
  readonly corpus: Corpus;
  readonly dataset: Dataset;
  readonly floors: LossFloors;
  readonly bytesPerToken: BytesPerToken;
  readonly plans: TrainingPlans;
  readonly sampling: InferencePlans | undefined;
  readonly runtime: Runtime;
  readonly trainer: Trainer;
  readonly sampler: Sampler | undefined;
  readonly evaluation: readonly MicroBatch[];
  readonly prediction: Prediction;
  /** Undefined where the model itself is trained. */
  readonly adapter: RunAdapter | undefined;
}

/** Prepares a run. @throws LabError with the kind of problem; nothing stays allocated then. */
export async function prepareRun(engine: Engine, wanted: Experiment, options: RunOptions): Promise<Run> {
  const { checkpoint, adapter, onProgress = () => undefined } = options;
  checkBase(checkpoint?.adapter?.base, adapter?.base);
  const corpus = await corpusOfRun(wanted, options);
  const experiment = await stage('invalidConfig', () => withVocabulary(wanted, corpus));
  const { train, data } = experiment;
  const dataset = await stage('invalidData', () =>
    targetsOf(splitCorpus(corpus, data, experiment.model.context), train),
  );
  const batches = await stage('invalidFile', () => batchesFrom(dataset, train, checkpoint));
  const record = () => {
    checkCapacity(engine, experiment.model, adapter ? 1 : parameterCopies(train));
    const plans = recordTrainingPlans(experiment.model, train, { ...engine, adapter: adapter?.adapter });
    const sampling = options.withSampler ? recordInferencePlans(plans.model, engine) : undefined;
    const { profile, trainingFlopsPerSecond } = engine;
    const prediction = predictTraining(experiment, plans, sampling, profile, trainingFlopsPerSecond);
    checkMemory(engine, prediction.memoryBytes.total);
    return { plans, sampling, prediction };
  };
  const fillerOf =
    ({ model }: TrainingPlans) =>
    (runtime: Runtime) =>
      stage('invalidFile', () => {
        if (checkpoint && !adapter) return restoreCheckpoint(runtime, model.store, checkpoint);
        const { weights: seed } = train.seeds;
        const weights = options.weights ?? freshWeights(experiment.model, seed);
        const beside = adapter ? (adapter.weights ?? freshAdapter(adapter.adapter, seed)) : [];
        writeParameters(runtime, model.store, 'weights', new Map([...weights, ...beside]));
        if (checkpoint) restoreCheckpoint(runtime, model.store, checkpoint);
      });
  const { plans, sampling, prediction, runtime } = await withRunnableVariants(engine, async () => {
    onProgress('recording the plans', 0.1);
    const recorded = await stage('tooLarge', record);
    const all = allPlans(recorded.plans, recorded.sampling);
    const opened = await openModel(
      engine,
      all,
      recorded.plans.model,
      fillerOf(recorded.plans),
      (done, total) => onProgress('compiling kernels', 0.2 + (0.8 * done) / total),
    );
    return { ...recorded, runtime: opened };
  });
  try {
    const trainer = new Trainer(runtime, plans, train, batches, checkpoint?.progress);
    return {
      experiment,
      corpus,
      dataset,
      ...textFigures(corpus, dataset),
      plans,
      sampling,
      runtime,
      trainer,
      sampler: sampling && new Sampler(runtime, sampling),
      evaluation: evaluationBatches(dataset, train.batch, train.evaluationBatches),
      prediction,
      adapter,
    };
  } catch (error) {
    runtime.dispose();
    throw error;
  }
}

/** Refuses to go on beside another base. @throws LabError */
function checkBase(saved: AdapterBase | undefined, given: AdapterBase | undefined): void {
  if (!saved || !given || saved.checksum === given.checksum) return;
  throw new LabError({
    kind: 'invalidFile',
    message:
      `resume: the weights of ${given.name} are not those that the adapter was trained beside (checksum ${given.checksum}, ` +
      `not ${saved.checksum}; it was ${saved.name}). Give that model.`,
  });
}

/** The text of a run in its tokens; of one that goes on, the text and the tokens that it began with. @throws LabError */
export async function corpusOfRun(
  wanted: Experiment,
  options: Pick<RunOptions, 'corpus' | 'text' | 'checkpoint' | 'onProgress'>,
): Promise<Corpus> {
  const { checkpoint, onProgress = () => undefined } = options;
  onProgress('reading the text', 0);
  // A generated text may be fitted to a model's alphabet; a file is held against its hash before it is encoded, unless
  // only the checkpoint has the tokenizer.
  const isHeld = wanted.data.source === 'file' && wanted.data.tokenizer !== 'model';
  const fitted = isHeld ? undefined : checkpoint?.tokenizer;
  const found =
    options.corpus ??
    (await stage('invalidData', () =>
      loadCorpus(wanted.data, options.text, undefined, fitted, {
        onProgress: (what, fraction) => onProgress(what, fraction / 10),
      }),
    ));
  if (checkpoint?.dataSha256 !== undefined && checkpoint.dataSha256 !== found.sha256) {
    throw new LabError({
      kind: 'invalidData',
      message: `resume: the text is not the one of the checkpoint (SHA-256 ${found.sha256.slice(0, 12)}…, not ${checkpoint.dataSha256.slice(0, 12)}…). Give the same text.`,
    });
  }
  return stage('invalidData', () => inTokensOf(checkpoint?.tokenizer, found));
}

/** The same text in a model's own tokens: it may know more characters than the text has, and other ids for all. */
async function inTokensOf(tokenizer: Tokenizer | undefined, corpus: Corpus): Promise<Corpus> {
  if (!tokenizer || JSON.stringify(tokenizer.toJSON()) === JSON.stringify(corpus.tokenizer.toJSON()))
    return corpus;
  if (corpus.conversations) {
    const { tokens, marks } = await encodeConversations(tokenizer, corpus.conversations);
    return { ...corpus, tokenizer, tokens, marks };
  }
  return { ...corpus, tokenizer, tokens: await tokenizer.encode(corpus.tokenizer.decode(corpus.tokens)) };
}

/** The run's batches from their first, or from where a checkpoint stands. @throws if that is no place in a text. */
function batchesFrom(
  dataset: Dataset,
  train: TrainConfig,
  checkpoint: Checkpoint | undefined,
): RandomBatches {
  const cursor = checkpoint?.cursor;
  if (cursor?.kind === 'list')
    throw new Error('resume: the checkpoint is of a run over listed batches. Give those batches again.');
  return new RandomBatches(dataset, train.batch, cursor?.state ?? train.seeds.data);
}

/** The checkpoint of a run whose steps are all done. */
export function checkpointOf(run: Run): Promise<Uint8Array<ArrayBuffer>> {
  const { experiment, trainer, corpus } = run;
  return writeCheckpoint(run.runtime, run.plans.model.store, {
    experiment,
    progress: trainer.progress,
    cursor: trainer.batches.cursor,
    tokenizer: corpus.tokenizer,
    dataSha256: corpus.sha256,
    adapter: run.adapter && { config: run.adapter.adapter.config, base: run.adapter.base },
  });
}

/** The weights that a run trains, when its steps are all done: the model's, or an adapter's alone. */
export function weightsOf(run: Run) {
  return readParameters(run.runtime, run.plans.model.store, 'trainedWeights');
}

/** Fills in the vocabulary from the tokenizer. @throws if the model's own is too small for the tokens. */
export function withVocabulary(experiment: Experiment, { tokenizer }: Corpus): Experiment {
  const { vocabulary } = experiment.model;
  if (vocabulary === 0) {
    return { ...experiment, model: { ...experiment.model, vocabulary: tokenizer.vocabularySize } };
  }
  if (vocabulary < tokenizer.vocabularySize) {
    throw new Error(
      `model.vocabulary: ${vocabulary} is less than the ${tokenizer.vocabularySize} tokens of the text's alphabet. ` +
        'Use 0 to take it from the text.',
    );
  }
  return experiment;
}
