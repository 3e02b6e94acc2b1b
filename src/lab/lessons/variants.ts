// Models that differ in one thing, trained alike from several seeds: what the lessons about architecture compare.
import { formatPercent, formatShortLoss } from '../../text/numbers.ts';
import type { LessonTools } from './lesson.ts';
import {
  type LessonExperiment,
  type LessonRun,
  type LessonSetup,
  lessonExperiment,
  lossByPosition,
  mean,
  startLessonRun,
  trainSteps,
} from './training.ts';

/** One of the models that are compared. */
export interface Variant {
  readonly label: string;
  /** What it has beside, or in place of, the settings that all have. */
  readonly model: Readonly<Record<string, unknown>>;
}

/** What all variants have in common. */
export interface Contest extends LessonSetup {
  readonly train: Readonly<Record<string, unknown>> & { readonly steps: number };
  /** Of weights and of batches: one seed gives all variants the same text in the same order. */
  readonly seeds: readonly number[];
}

/**
 * Trains every variant from every seed.
 * @param train one run, whose steps it tells; the text is the same for all
 * @returns what it found, by variant and seed
 */
export async function trainVariants<Found>(
  { report }: Pick<LessonTools, 'report'>,
  variants: readonly Variant[],
  { model, train, data, seeds }: Contest,
  trainOne: (lesson: LessonExperiment, onStep: (done: number) => void) => Promise<Found>,
): Promise<Found[][]> {
  const found: Found[][] = variants.map(() => []);
  const whole = variants.length * seeds.length;
  // Seed by seed, so that what else the machine does meets all variants alike.
  for (const [round, seed] of seeds.entries()) {
    for (const [index, variant] of variants.entries()) {
      const lesson = await lessonExperiment({
        model: { ...model, ...variant.model },
        train: { ...train, seeds: { weights: seed, data: seed, dropout: seed } },
        data,
      });
      const before = round * variants.length + index;
      const what = `${variant.label}, seed ${seed}`;
      found[index].push(
        await trainOne(lesson, (done) => report((before + done / train.steps) / whole, what)),
      );
    }
  }
  return found;
}

/** Batches of an evaluation. */
const evaluationBatches = 16;

/** Mean loss on held-out text in nats per token, the same text at every call. */
export async function heldOutLoss(run: LessonRun): Promise<number> {
  return mean(await lossByPosition(run, evaluationBatches));
}

/** Takes all steps of an experiment, and evaluates: the usual `trainOne`. */
export async function trainToLoss(
  { engine }: Pick<LessonTools, 'engine'>,
  lesson: LessonExperiment,
  onStep: (done: number) => void,
): Promise<number> {
  const run = await startLessonRun(engine, lesson);
  try {
    await trainSteps(run, lesson.experiment.train.steps, onStep);
    return await heldOutLoss(run);
  } finally {
    run.runtime.dispose();
  }
}

/** The mean of some seeds with the least and the greatest of them, as read. */
export function describeSeeds(
  values: readonly number[],
  format: (value: number) => string = formatShortLoss,
): string {
  if (values.length < 2) return format(mean(values));
  return `${format(mean(values))} (${format(Math.min(...values))} to ${format(Math.max(...values))})`;
}

/** How far the seeds of one variant lie apart: the widest range of any. */
export function widestRange(byVariant: readonly (readonly number[])[]): number {
  return Math.max(...byVariant.map((values) => Math.max(...values) - Math.min(...values)));
}

/** A relative change with its sign. */
export function signedPercent(change: number): string {
  return `${change < 0 ? '−' : '+'}${formatPercent(Math.abs(change))}`;
}
