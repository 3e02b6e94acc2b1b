// Trains one model of `flopscope compare` to its end: its lines, its record, and what it came to.

import type { ComparedModel } from '../contract/comparison.ts';
import type { Problem } from '../contract/values.ts';
import type { Corpus } from '../lab/plans/corpus.ts';
import { LabError } from '../lab/plans/problem.ts';
import { prepareRun, type Run } from '../lab/training/run.ts';
import { RunLoop } from '../lab/training/run-loop.ts';
import type { Machine } from './device.ts';
import { experimentFrom } from './experiments.ts';
import { unlessInterrupted } from './interruption.ts';
import type { Output } from './output.ts';
import { StepLines } from './train/lines.ts';
import { beginRecord, checkRecordPath } from './train/record.ts';

/** What one model came to: an entry of the last line of `flopscope compare --json`. Stable. */
export interface ComparedOutcome {
  /** Name of the preset. */
  readonly run: string;
  readonly state: string;
  readonly steps: number;
  readonly loss: number | undefined;
  readonly validationLoss: number | undefined;
  /** Training flops so far, multiply-add as two. */
  readonly flops: number;
  readonly seconds: number;
  /** Median. */
  readonly measuredStepSeconds: number | undefined;
  readonly predictedStepSeconds: number | undefined;
  readonly record: string | undefined;
}

/** Where a model is trained, on what, and where its record goes. */
export interface ComparedTraining {
  readonly machine: Machine;
  readonly corpus: Corpus | undefined;
  readonly record: string | undefined;
}

/** Trains it; a model that diverges has an outcome too. @throws LabError for other problems */
export async function trainCompared(
  model: ComparedModel,
  { machine, corpus, record: recordPath }: ComparedTraining,
  output: Output,
  signal: AbortSignal,
): Promise<ComparedOutcome> {
  const { presetId, title } = model;
  const wanted = experimentFrom(presetId, model.experiment);
  await checkRecordPath({ record: recordPath });
  const run = await unlessInterrupted(
    signal,
    `before the first step of ${presetId}.`,
    prepareRun(machine.engine, wanted, {
      ...(corpus ? { corpus } : {}),
      withSampler: false,
      onProgress: output.progress,
    }),
  );
  const record = await beginRecord(run, title, machine, { record: recordPath }, output);
  const { evaluationInterval, steps } = wanted.train;
  const lines = new StepLines(
    // Lines of several runs follow each other: each says whose it is.
    { ...output, result: (value, text) => output.result({ run: presetId, ...value }, text) },
    { interval: evaluationInterval, lastStep: steps },
    run.bytesPerToken,
  );
  let problem: Problem | undefined;
  const loop = new RunLoop(run, {
    emit: (event) => {
      lines.take(event);
      record.recorder.take(event);
      if (event.kind === 'problem') problem = event.problem;
    },
  });
  const pause = () => void loop.pause();
  signal.addEventListener('abort', pause, { once: true });
  if (!signal.aborted) loop.start();
  await loop.settled();
  signal.removeEventListener('abort', pause);
  lines.flush();
  await record.write();
  run.runtime.dispose();
  if (problem && problem.kind !== 'diverged') throw new LabError(problem);
  if (problem) output.note(problem.message);
  return outcomeOf(presetId, run, loop.state, lines, recordPath);
}

function outcomeOf(
  presetId: string,
  { trainer, prediction }: Run,
  state: string,
  lines: StepLines,
  record: string | undefined,
): ComparedOutcome {
  const { step, seconds } = trainer.progress;
  const { measured } = lines;
  return {
    run: presetId,
    state,
    steps: step,
    loss: lines.last?.loss,
    validationLoss: lines.validationLoss,
    flops: step * trainer.flopsPerStep,
    seconds,
    measuredStepSeconds: measured.steps === 0 ? undefined : measured.seconds / measured.steps,
    predictedStepSeconds: prediction.secondsPerStep,
    record,
  };
}
