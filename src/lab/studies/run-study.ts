// Runs a planned study on one warm device: trunks with their branches, failures as rows, and how long the device idled.

import type { StudyRow } from '../../contract/laws.ts';
import type { Experiment, TrainConfig } from '../../model/config.ts';
import { formatLoss } from '../../text/numbers.ts';
import { RandomBatches } from '../plans/batches.ts';
import type { Corpus } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { problemOf } from '../plans/problem.ts';
import { readCheckpoint, restoreCheckpoint } from '../training/checkpoint.ts';
import { DivergenceWatch } from '../training/divergence.ts';
import { checkpointOf, prepareRun, type Run } from '../training/run.ts';
import { type Progress, Trainer } from '../training/trainer.ts';
import { branchStep, type PlannedRun, type TrunkGroup } from './plan.ts';
import type { Study } from './study.ts';

/** What a study tells while it goes. */
export interface StudyRunOptions {
  readonly corpus: Corpus;
  /** Called as soon as a run is over; awaited, so that its row is kept before the next begins. */
  readonly onResult: (planned: PlannedRun, result: StudyRow) => Promise<void> | void;
  /** A point of a curve: training loss of a run that is going on. */
  readonly onStep?: (planned: PlannedRun, step: number, loss: number) => void;
  /** Runs that are done already; a group none of whose runs is open is not begun. */
  readonly done?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
}

/** What a study took. Seconds. */
export interface StudyTimes {
  readonly seconds: number;
  /** In steps and evaluations. */
  readonly training: number;
  /** Part of the time in which nothing was trained or evaluated: recording, uploading, saving. */
  readonly idleShare: number;
}

/** Steps whose results may be outstanding. */
const mostPending = 8;

/** Runs all groups. An abort ends it after the steps in flight: the run that was going on is not recorded. */
export async function runStudy(
  engine: Engine,
  study: Study,
  groups: readonly TrunkGroup[],
  options: StudyRunOptions,
): Promise<StudyTimes> {
  const start = performance.now();
  let training = 0;
  for (const group of groups) {
    const open = group.runs.filter(({ run }) => !options.done?.has(run));
    if (open.length === 0) continue;
    if (options.signal?.aborted) break;
    training += await runGroup(engine, study, { ...group, runs: open }, options);
  }
  const seconds = (performance.now() - start) / 1000;
  return { seconds, training, idleShare: seconds > 0 ? Math.max(0, 1 - training / seconds) : 0 };
}

/** @returns seconds of steps and evaluations */
async function runGroup(
  engine: Engine,
  study: Study,
  { runs }: TrunkGroup,
  options: StudyRunOptions,
): Promise<number> {
  const longest = runs[runs.length - 1];
  let run: Run;
  try {
    run = await prepareRun(engine, longest.experiment, { corpus: options.corpus, withSampler: false });
  } catch (error) {
    const { message } = problemOf(error);
    for (const planned of runs)
      await options.onResult(planned, {
        run: planned.run,
        status: 'failed',
        loss: undefined,
        seconds: 0,
        message,
      });
    return 0;
  }
  const isTrunk = longest.trunk !== longest.run;
  let training = 0;
  let place: { state: Uint8Array<ArrayBuffer> | undefined; trainer: Trainer } = {
    state: undefined,
    trainer: run.trainer,
  };
  try {
    for (const [index, planned] of runs.entries()) {
      const clock = performance.now();
      const isLast = index === runs.length - 1;
      let message: string | undefined;
      try {
        if (isTrunk) {
          message = await advance(place.trainer, branchStep(planned), study, planned, run, options);
          if (!message && !isLast) place = { ...place, state: await stateOf(run, place.trainer) };
        }
        const branch = isTrunk ? trainerFrom(run, planned.experiment, place.trainer) : place.trainer;
        message ??= await advance(branch, planned.experiment.train.steps, study, planned, run, options);
        if (options.signal?.aborted) break;
        const loss = message ? undefined : await run.trainer.evaluate(run.evaluation);
        const seconds = (performance.now() - clock) / 1000;
        training += seconds;
        await options.onResult(planned, resultOf(planned, loss, seconds, message));
      } catch (error) {
        const seconds = (performance.now() - clock) / 1000;
        const problem = problemOf(error);
        await options.onResult(planned, {
          run: planned.run,
          status: 'failed',
          loss: undefined,
          seconds,
          message: problem.message,
        });
        // The runs that share this runtime could only fail alike.
        if (problem.kind === 'deviceLost' || problem.kind === 'threadLost') throw error;
      }
      if (isTrunk && !isLast && place.state)
        place = { ...place, trainer: restored(run, longest, place.state) };
    }
  } finally {
    run.runtime.dispose();
  }
  return training;
}

function resultOf(
  { run }: PlannedRun,
  loss: number | undefined,
  seconds: number,
  message: string | undefined,
): StudyRow {
  if (message) {
    const status = message.startsWith(stoppedPrefix) ? 'stopped' : 'diverged';
    return { ...{ run, seconds, message, status }, loss: undefined };
  }
  return loss !== undefined && Number.isFinite(loss)
    ? { run, seconds, loss, status: 'finished' }
    : { run, seconds, loss: undefined, status: 'diverged', message: 'The validation loss is no number.' };
}

const stoppedPrefix = 'stopped: ';

/** Trains up to a step. @returns why the run is lost or stopped, if it is */
async function advance(
  trainer: Trainer,
  lastStep: number,
  study: Study,
  planned: PlannedRun,
  run: Run,
  { signal, onStep }: StudyRunOptions,
): Promise<string | undefined> {
  const { vocabulary } = run.experiment.model;
  const watch = new DivergenceWatch(vocabulary);
  const { steps } = planned.experiment.train;
  let fault: string | undefined;
  const pending: Promise<void>[] = [];
  while (trainer.progress.step < lastStep && !fault && !signal?.aborted) {
    const { record } = await trainer.submitStep();
    pending.push(
      record.then((done) => {
        onStep?.(planned, done.step, done.loss);
        fault ??= watch.take(done);
        const { aboveUniform } = study.stop ?? {};
        if (aboveUniform === undefined || done.step !== Math.ceil(steps / 2)) return;
        const limit = aboveUniform * Math.log(vocabulary);
        if (done.loss > limit)
          fault ??= `${stoppedPrefix}the loss is ${formatLoss(done.loss)} at half the steps, above ${formatLoss(limit)}.`;
      }),
    );
    if (pending.length > mostPending) await pending.shift();
  }
  await Promise.all(pending);
  return fault;
}

/** The state of a trunk between steps, to which every branch returns. */
function stateOf(run: Run, trainer: Trainer): Promise<Uint8Array<ArrayBuffer>> {
  return checkpointOf({ ...run, trainer });
}

/** A trunk put back to a state. */
function restored(run: Run, longest: PlannedRun, state: Uint8Array): Trainer {
  const checkpoint = readCheckpoint(state);
  restoreCheckpoint(run.runtime, run.plans.model.store, checkpoint);
  const { cursor, progress } = checkpoint;
  if (cursor.kind !== 'random') throw new Error('study: a trunk stands at no place in a text.');
  return trainerAt(run, longest.experiment.train, cursor.state, progress);
}

/** A branch: the same weights and place in the text, on the schedule of a shorter run. */
function trainerFrom(run: Run, { train }: Experiment, trunk: Trainer): Trainer {
  const { cursor } = trunk.batches;
  if (cursor.kind !== 'random') throw new Error('study: a trunk stands at no place in a text.');
  return trainerAt(run, train, cursor.state, trunk.progress);
}

function trainerAt(
  run: Run,
  train: TrainConfig,
  state: readonly [number, number, number, number],
  progress: Progress,
): Trainer {
  const batches = new RandomBatches(run.dataset, train.batch, state);
  return new Trainer(run.runtime, run.plans, train, batches, progress);
}
