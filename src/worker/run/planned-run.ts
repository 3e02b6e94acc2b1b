// What experiments would run, recorded without allocating anything, and the text that they would train on.

import type { OwnText, Prediction } from '../../contract/runs.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { typicalPlans } from '../../lab/cost/calibration.ts';
import { checkCapacity } from '../../lab/plans/capacity.ts';
import { type Corpus, loadCorpus } from '../../lab/plans/corpus.ts';
import type { Engine } from '../../lab/plans/engine.ts';
import { type InferencePlans, recordInferencePlans } from '../../lab/plans/inference-plans.ts';
import { predictTraining } from '../../lab/plans/prediction.ts';
import { LabError, stage } from '../../lab/plans/problem.ts';
import { parameterCopies, recordTrainingPlans, type TrainingPlans } from '../../lab/plans/training-plans.ts';
import { withVocabulary } from '../../lab/training/run.ts';
import { type Experiment, parseExperiment } from '../../model/config.ts';
import { findPreset } from '../../model/presets/catalogue.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Devices } from '../devices.ts';

/** An experiment with its vocabulary, and everything that it would execute. */
export interface PlannedRun {
  readonly experiment: Experiment;
  readonly plans: TrainingPlans;
  readonly sampling: InferencePlans;
  readonly engine: Engine;
}

/** Plans experiments on the text of the page: the last corpus is kept, for the form asks at every change. */
export class RunPlanner {
  readonly #devices: Pick<Devices, 'engine'>;
  #corpus:
    | { readonly key: string; readonly text: OwnText | undefined; readonly corpus: Promise<Corpus> }
    | undefined;
  /** The text that experiments whose `data.source` is `file` train on. */
  text: OwnText | undefined;

  constructor(devices: Pick<Devices, 'engine'>) {
    this.#devices = devices;
  }

  /** The plans that would run, with the vocabulary of the text. @throws LabError if text or device do not suit */
  async record(json: ExperimentJson): Promise<PlannedRun> {
    const engine = await this.#devices.engine();
    const wanted = parsed(json);
    return planRun(wanted, await this.corpusOf(wanted), engine);
  }

  /** Costs of an experiment, from the plans that would run. @throws LabError as `record` */
  async predict(json: ExperimentJson): Promise<Prediction> {
    return predictionOf(await this.record(json));
  }

  /**
   * Records all that an experiment would dispatch, for training and for sampling: with the vocabulary of its text, which
   * decides on variants, or of a typical alphabet where there is no such text, as the run itself will say.
   */
  async recorderOf(json: ExperimentJson): Promise<() => readonly Plan[]> {
    const engine = await this.#devices.engine();
    const experiment = await this.typicalOf(json);
    return () => typicalPlans(experiment, engine);
  }

  /** An experiment with the vocabulary of its text; as it is where there is no such text. */
  async typicalOf(json: ExperimentJson): Promise<unknown> {
    try {
      const wanted = parsed(json);
      return withVocabulary(wanted, await this.corpusOf(wanted));
    } catch {
      return json;
    }
  }

  /** What an experiment trains on. @throws LabError if its text does not suit it */
  async corpusOf({ data }: Experiment): Promise<Corpus> {
    const key = JSON.stringify(data);
    // While one text is read, another may be chosen: a corpus counts for its own text only.
    const text = data.source === 'file' ? this.text : undefined;
    if (this.#corpus?.key === key && this.#corpus.text === text) return this.#corpus.corpus;
    // Several parts of the page ask at once: byte pairs are learned for all of them together.
    const corpus = stage('invalidData', () => loadCorpus(data, text?.content));
    const asked = { key, text, corpus };
    this.#corpus = asked;
    corpus.catch(() => {
      if (this.#corpus === asked) this.#corpus = undefined;
    });
    return corpus;
  }
}

async function planRun(wanted: Experiment, corpus: Corpus, engine: Engine): Promise<PlannedRun> {
  return planExperiment(await stage('invalidConfig', () => withVocabulary(wanted, corpus)), engine);
}

/** What an experiment of a known vocabulary should cost. @throws LabError of kind tooLarge where there is no room */
export async function predictExperiment(experiment: Experiment, engine: Engine): Promise<Prediction> {
  return predictionOf(await planExperiment(experiment, engine));
}

function predictionOf({ experiment, plans, sampling, engine }: PlannedRun): Prediction {
  return predictTraining(experiment, plans, sampling, engine.profile, engine.trainingFlopsPerSecond);
}

function planExperiment(experiment: Experiment, engine: Engine): Promise<PlannedRun> {
  const { model, train } = experiment;
  return stage('tooLarge', () => {
    checkCapacity({ capabilities: engine.capabilities }, model, parameterCopies(train));
    const plans = recordTrainingPlans(model, train, engine);
    return { experiment, plans, sampling: recordInferencePlans(plans.model, engine), engine };
  });
}

/** Checks an experiment. @throws LabError with every field's problem. */
export function parsed(json: unknown): Experiment {
  const result = parseExperiment(json);
  if (result.kind === 'ok') return result.experiment;
  const message = result.problems.map((problem) => problem.message).join(' ');
  throw new LabError({ kind: 'invalidConfig', message, fields: result.problems });
}

/** The preset with this id. @throws LabError if there is none */
export function presetNamed(presetId: string) {
  const preset = findPreset(presetId);
  if (preset) return preset;
  throw new LabError({
    kind: 'invalidConfig',
    message: `presets: there is none named ${JSON.stringify(presetId)}.`,
  });
}

/** A vocabulary that is the tokenizer's is automatic again, so that another text brings its own. */
export function automaticVocabulary(experiment: Experiment, tokenizerSize: number): Experiment {
  const { model } = experiment;
  return model.vocabulary === tokenizerSize
    ? { ...experiment, model: { ...model, vocabulary: 0 } }
    : experiment;
}

/** A name for a new run. */
export function newId(): string {
  // randomUUID is missing on insecure origins.
  return globalThis.crypto?.randomUUID?.() ?? `run-${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
}
