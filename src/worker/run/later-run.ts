// What a run begins with that goes on: as it was kept, for more steps, or as a copy with other settings of training.
import type { RunRecord } from '../../contract/records.ts';
import type { OwnText } from '../../contract/runs.ts';
import type { Corpus } from '../../lab/plans/corpus.ts';
import { storedArrays } from '../../lab/plans/parameter-io.ts';
import { LabError, stage } from '../../lab/plans/problem.ts';
import { uniqueTitle } from '../../lab/records/run-title.ts';
import { type Checkpoint, readCheckpoint } from '../../lab/training/checkpoint.ts';
import { lastStepOf, resumedExperiment } from '../../lab/training/resume.ts';
import { checkpointOf } from '../../lab/training/run.ts';
import type { DraftModel } from '../../lab/training/sampling-needs.ts';
import type { Experiment, TrainConfig } from '../../model/config.ts';
import { learningRateAt } from '../../model/learning-rate.ts';
import { formatSetting } from '../../text/numbers.ts';
import { significant } from '../../text/rounding.ts';
import type { RunStart } from './files.ts';
import { keptRecord } from './kept-record.ts';
import type { OpenRun } from './open-run.ts';
import type { RunStorage } from './storage.ts';

/** A run between two steps. */
export interface RestingRun {
  readonly checkpoint: Checkpoint;
  readonly corpus: Corpus;
  /** The person's own text that it trains on. */
  readonly text: OwnText | undefined;
}

/** A run between two steps, to be gone on with in another way. */
export async function atRest({ loop, run, keeper }: OpenRun): Promise<RestingRun> {
  const bytes = await loop.exclusive(() => checkpointOf(run));
  return { checkpoint: readCheckpoint(bytes), corpus: run.corpus, text: keeper.text };
}

/** A run as this browser kept it, and its record up to there. @throws LabError where it is lost or damaged */
export async function keptStart(
  storage: Pick<RunStorage, 'open' | 'record'>,
  id: string,
): Promise<{ readonly start: RunStart; readonly before: RunRecord | undefined }> {
  const { run, checkpoint: bytes, text } = await stage('invalidFile', () => storage.open(id));
  const checkpoint = await stage('invalidFile', () => readCheckpoint(bytes));
  const own = text && { name: run.title, content: text };
  const options = { checkpoint, withSampler: true, ...(text ? { text } : {}) };
  // A record that is lost or damaged costs the run its curve, not the run.
  const before = await keptRecord(storage, run).catch(() => undefined);
  return { start: { experiment: checkpoint.experiment, options, text: own, notes: [] }, before };
}

/** The model of a run as this browser kept it. @throws LabError where it is lost or damaged */
export async function keptModel(storage: Pick<RunStorage, 'open'>, id: string): Promise<DraftModel> {
  const { checkpoint: bytes } = await stage('invalidFile', () => storage.open(id));
  const { experiment, weights, tokenizer } = await stage('invalidFile', () => readCheckpoint(bytes));
  return { model: experiment.model, weights: storedArrays(weights), tokenizer };
}

/** The same run with so many steps in all. @throws LabError unless these are more than it has taken */
export function extended(resting: RestingRun, steps: number): RunStart {
  const { experiment, progress } = resting.checkpoint;
  if (!Number.isInteger(steps) || steps <= progress.step) {
    throw new LabError({
      kind: 'invalidConfig',
      message: `extend: ${steps} steps in all are not more than the ${progress.step} that the run has taken. Give more.`,
    });
  }
  return startOf(resting, { ...experiment, train: { ...experiment.train, steps } }, []);
}

/**
 * A copy with the settings that are wanted; one whose steps are all taken gets as many more.
 * @throws LabError for another model, batch or kind of text: these the weights and the place in the text belong to
 */
export function forked(resting: RestingRun, wanted: Experiment): RunStart {
  const { experiment, changed } = resumedExperiment(wanted, resting.checkpoint);
  const steps = lastStepOf(experiment.train.steps, resting.checkpoint.progress.step);
  const notes = changed.length > 0 ? [`The fork: ${changed.join(', ')}.`] : [];
  return startOf(resting, { ...experiment, train: { ...experiment.train, steps } }, notes);
}

/** The record of a copy: the same up to here, under a name of its own. @param taken titles of other runs */
export function forkedRecord(record: RunRecord, id: string, taken: readonly string[]): RunRecord {
  const title = uniqueTitle(`${record.title}, fork`, taken);
  const note = `Goes on from step ${record.steps.at(-1)?.step ?? 0} of “${record.title}”.`;
  return { ...record, id, title, note, startedAt: new Date().toISOString() };
}

function startOf(
  { checkpoint, corpus, text }: RestingRun,
  experiment: Experiment,
  notes: readonly string[],
): RunStart {
  const rate = rateNote(checkpoint.experiment.train, experiment.train, checkpoint.progress.step);
  return {
    experiment,
    text,
    options: { checkpoint, corpus, withSampler: true },
    notes: rate === undefined ? notes : [...notes, rate],
  };
}

/** A schedule that ends later stands higher where the run is: that shows in the curve. */
function rateNote(before: TrainConfig, after: TrainConfig, step: number): string | undefined {
  const [was, is] = [learningRateAt(before, step - 1), learningRateAt(after, step)];
  if (step === 0 || Math.abs(is / was - 1) < 0.05) return undefined;
  const [from, to] = [was, is].map((rate) => formatSetting(significant(rate, 2)));
  return `The learning rate follows the schedule over all ${after.steps} steps: from ${from} to ${to} at step ${step}.`;
}
