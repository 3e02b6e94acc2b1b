// What presets have in common: what a preset is, how it is trained, and on what text.
import { significant } from '../../text/rounding.ts';

/** A named experiment with what it is for; `experiment` is `{model, train, data}` as a file has it. */
export interface ModelPreset {
  /** Stable: addresses and saved runs name it. */
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly experiment: {
    readonly model: Section;
    readonly train: Section;
    readonly data: Section;
  };
}

/** A part of an experiment. */
export type Section = { readonly [key: string]: string | number | boolean | Section };

/** What differs between the trainings of presets. */
export interface TrainingChoice {
  readonly steps: number;
  /** B */
  readonly batch: number;
  readonly learningRate: number;
  readonly beta2: number;
  readonly warmupSteps: number;
  /** Steps between evaluations, and between samples. */
  readonly interval: number;
  readonly evaluationBatches: number;
}

/** What miniatures take: a minute on a laptop. */
export const quickTraining: TrainingChoice = {
  steps: 1000,
  batch: 16,
  learningRate: 2e-3,
  beta2: 0.99,
  warmupSteps: 50,
  interval: 100,
  evaluationBatches: 10,
};

/** AdamW as nanoGPT has it, with decay on matrices; the rate falls as a cosine to a tenth. */
export function trainingOf(choice: Partial<TrainingChoice> = {}): Section {
  const { steps, batch, learningRate, beta2, warmupSteps, interval, evaluationBatches } = {
    ...quickTraining,
    ...choice,
  };
  return {
    steps,
    batch,
    accumulation: 1,
    clip: 1,
    optimizer: { kind: 'adamw', learningRate, beta1: 0.9, beta2, epsilon: 1e-8, weightDecay: 0.1 },
    schedule: {
      kind: 'cosine',
      warmupSteps,
      minimumLearningRate: significant(learningRate / 10, 6),
    },
    lossPositions: 'all',
    evaluationInterval: interval,
    evaluationBatches,
    sampleInterval: interval,
    seeds: { weights: 1, data: 1, dropout: 1 },
  };
}

/** Generated stories, in characters. */
export const stories: Section = {
  source: 'stories',
  tokenizer: 'characters',
  characters: 1_200_000,
  seed: 1,
  validationFraction: 0.1,
};

/** Blocks as Llama has them, which most later families keep. */
export const llamaBlocks: Section = {
  norm: 'rmsNorm',
  normEpsilon: 1e-5,
  position: 'rope',
  ropeBase: 10000,
  activation: 'silu',
  gated: true,
  bias: false,
  tiedHead: false,
  dropout: 0,
};

/** A published model made small, trained as Nano is. Batches of longer contexts have fewer rows, so that steps cost alike. */
export function miniature(
  id: string,
  title: string,
  note: string,
  model: Section,
  training: Partial<TrainingChoice> = {},
): ModelPreset {
  const rows = Math.max(1, Math.round(1024 / Number(model.context)));
  const train = trainingOf({ batch: rows, ...training });
  return { id, title, note, experiment: { model, train, data: stories } };
}
