// Holds predictions against measurements: trains, evaluates and samples models that calibration has not seen.

import type { ValidationRow, ValidationSummary, WorkKind } from '../../contract/validation.ts';
import { parseExperiment } from '../../model/config.ts';
import { atPace, type DeviceProfile, type Measurement } from '../../plan/device-profile.ts';
import { summarize } from '../../runtime/timing/slope.ts';
import type { Engine } from '../plans/engine.ts';
import { expectWork, waterfallOf, withoutParts } from '../plans/expectation.ts';
import { LabError } from '../plans/problem.ts';
import { decodeWork, evaluationWork, prefillWork, trainingWork, type Work } from '../plans/work.ts';
import type { SamplingOptions } from '../sampling/options.ts';
import { prepareRun, type Run } from '../training/run.ts';
import type { GridModel } from './validation-grid.ts';

/** What a validation tells while it goes. */
export interface ValidationOptions {
  readonly onRow: (row: ValidationRow) => void;
  readonly onProgress: (fraction: number, what: string) => void;
  /** Seconds of the mixture of kernels that tells the device's pace, now. */
  readonly paceSeconds: () => Promise<number>;
  /** How long each piece of work is timed; thoroughly unless told otherwise. */
  readonly timing?: Timing;
  readonly signal?: AbortSignal;
}

/** Seconds of one measuring window, and seconds after which none begins beyond the fewest that are made. */
export interface Timing {
  readonly windowSeconds: number;
  readonly seconds: number;
}

/** Measures a grid. @throws LabError unless the device is calibrated, and for more than one experiment */
export async function validatePredictions(
  engine: Engine,
  models: readonly GridModel[],
  { onRow, onProgress, paceSeconds, timing = thorough, signal }: ValidationOptions,
): Promise<ValidationSummary> {
  const { profile } = engine;
  if (!profile)
    throw new LabError({
      kind: 'noAdapter',
      message: 'validate: predictions need a calibrated device, and this one is not. Calibrate first.',
    });
  if (profile.isQuick)
    throw new LabError({
      kind: 'noAdapter',
      message:
        'validate: this device was measured within seconds, for one experiment, which does not predict other models. Calibrate first.',
    });
  const best = profile.paceSeconds.value;
  // A timer that shows nothing tells no pace.
  const paceRatio = async () => best / ((await paceSeconds()) || best);
  const start = performance.now();
  const rows: ValidationRow[] = [];
  for (const [index, model] of models.entries()) {
    if (signal?.aborted) break;
    const report = (within: number, what: string) =>
      onProgress((index + within) / models.length, `${model.name}: ${what}`);
    for await (const row of validateModel(engine, profile, model, { paceRatio, timing }, report, signal)) {
      rows.push(row);
      onRow(row);
    }
  }
  return {
    ...summarizeRows(rows),
    device: profile.device,
    seconds: (performance.now() - start) / 1000,
  };
}

/** Median and 90th percentile of the errors; NaN of no rows. */
export function summarizeRows(rows: readonly ValidationRow[]) {
  return {
    configurations: rows.length,
    medianError: quantile(
      rows.map(({ error }) => error),
      0.5,
    ),
    ninetiethPercentileError: quantile(
      rows.map(({ error }) => error),
      0.9,
    ),
    paceRatio: quantile(
      rows.map((row) => row.paceRatio),
      0.5,
    ),
    medianUnexplained: quantile(
      rows.map(({ waterfall }) => Math.abs(waterfall.unexplained) / waterfall.measured),
      0.5,
    ),
  };
}

/** Linear between the two nearest ranks (Hyndman and Fan's type 7). */
function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? low;
  return low + (high - low) * (position - Math.floor(position));
}

async function* validateModel(
  engine: Engine,
  profile: DeviceProfile,
  { name, experiment: json, kinds }: GridModel,
  measuring: Measuring,
  report: (within: number, what: string) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<ValidationRow> {
  const parsed = parseExperiment(json);
  if (parsed.kind !== 'ok') throw new Error(`validate: ${name}: ${parsed.problems[0]?.message}`);
  const withSampler = kinds.includes('prefill') || kinds.includes('decode');
  const run = await prepareRun(engine, parsed.experiment, {
    withSampler,
    onProgress: (what, fraction) => report(0.4 * fraction, what),
  });
  try {
    for (const [index, kind] of kinds.entries()) {
      if (index > 0 && signal?.aborted) return;
      report(0.4 + (0.6 * index) / kinds.length, kind);
      const { work, measured, pace } = await measureWork(run, kind, measuring);
      const expectation = expectWork(work, atPace(profile, pace));
      yield {
        ...withoutParts(expectation),
        name,
        measuredSeconds: measured.value,
        measuredSpread: measured.spread,
        repeats: measured.repeats,
        paceRatio: pace,
        error: Math.abs(expectation.seconds / measured.value - 1),
        waterfall: waterfallOf(expectation, measured.value),
      };
    }
  } finally {
    await run.runtime.idle();
    run.runtime.dispose();
  }
}

/** How work is timed: with what tells the device's pace over that of its calibration, and for how long. */
interface Measuring {
  readonly paceRatio: () => Promise<number>;
  readonly timing: Timing;
}

/** A measurement, and the pace of the device meanwhile over that of its calibration. */
interface Paced {
  readonly measured: Measurement;
  readonly pace: number;
}

async function measureWork(
  run: Run,
  kind: WorkKind,
  measuring: Measuring,
): Promise<Paced & { readonly work: Work }> {
  const { plans, sampling, sampler } = run;
  const repeat = (time: (pieces: number) => Promise<number>) => repeatPaced(time, measuring);
  if (kind === 'training')
    return {
      work: trainingWork(plans, run.experiment.train),
      ...(await repeat((n) => takeSteps(run, n))),
    };
  if (kind === 'evaluation')
    return {
      work: evaluationWork(plans, run.experiment.train),
      ...(await repeat((n) => evaluateBatches(run, n))),
    };
  if (!sampling || !sampler) throw new Error(`validate: ${kind} needs a sampler.`);
  const options: SamplingOptions = { temperature: 0, topK: 0, topP: 1, seed: 1, maximumTokens: 1 };
  const promptOf = (length: number) => Array.from({ length }, (_, i) => i % plans.model.config.vocabulary);
  if (kind === 'prefill') {
    const bucket = sampling.prefill.length - 1;
    const prompt = promptOf(sampling.prefill[bucket]?.length ?? 1);
    const once = async () => (await sampler.generate(prompt, options)).prefillSeconds;
    return { work: prefillWork(sampling, bucket), ...(await repeat(inARow(once))) };
  }
  const context = plans.model.config.context;
  const start = Math.max(1, (context >> 1) - (tokensTimed >> 1));
  const decode = async () => {
    const result = await sampler.generate(promptOf(start), { ...options, maximumTokens: tokensTimed + 1 });
    return result.decodeSeconds / Math.max(1, result.decodedTokens);
  };
  return { work: decodeWork(sampling, start + (tokensTimed >> 1)), ...(await repeat(inARow(decode))) };
}

/** Tokens of one timed generation: a whole burst. */
const tokensTimed = 16;

/** What the medians of a page's validation rest on. */
const thorough: Timing = { windowSeconds: 0.2, seconds: 2 };
/** Windows before the first that counts, and windows that count. */
const warmUps = 2;
const windows = { least: 5, most: 15 } as const;

/**
 * Median seconds of one piece of work over several windows of as many pieces as take a while, and the median of what they
 * would have been at the calibration's pace over that: the pace is taken before and after each window.
 * @param time does n pieces in a row and gives the seconds of one
 */
async function repeatPaced(
  time: (pieces: number) => Promise<number>,
  { paceRatio, timing }: Measuring,
): Promise<Paced> {
  let once = await time(1); // compiles what the driver left for the first time
  for (let i = 0; i < warmUps; i++) once = await time(2);
  const pieces = Math.max(2, Math.min(64, Math.round(timing.windowSeconds / once)));
  const times: number[] = [];
  const evened: number[] = [];
  const start = performance.now();
  let before = await paceRatio();
  while (
    times.length < windows.least ||
    (times.length < windows.most && performance.now() - start < 1000 * timing.seconds)
  ) {
    const seconds = await time(pieces);
    const after = await paceRatio();
    times.push(seconds);
    evened.push((seconds * (before + after)) / 2);
    before = after;
  }
  const measured = summarize(times);
  return { measured, pace: summarize(evened).value / measured.value };
}

/** For work that ends with an answer each time. */
function inARow(once: () => Promise<number>): (pieces: number) => Promise<number> {
  return async (pieces) => {
    let seconds = 0;
    for (let i = 0; i < pieces; i++) seconds += await once();
    return seconds / pieces;
  };
}

/** Seconds of one of n training steps, handed over one behind the other, short ones together, as a run does. */
async function takeSteps({ trainer }: Run, steps: number): Promise<number> {
  trainer.pauseClock();
  const start = performance.now();
  let last: Promise<unknown> = Promise.resolve();
  for (let taken = 0; taken < steps; ) {
    const group = await trainer.submitSteps(Math.min(trainer.groupSize, steps - taken));
    taken += group.length;
    last = group.at(-1)?.record ?? last;
  }
  await last;
  return (performance.now() - start) / 1000 / steps;
}

async function evaluateBatches({ trainer, evaluation }: Run, batches: number): Promise<number> {
  const list = Array.from({ length: batches }, (_, i) => evaluation[i % evaluation.length]).flatMap(
    (batch) => (batch ? [batch] : []),
  );
  const start = performance.now();
  await trainer.evaluate(list);
  return (performance.now() - start) / 1000 / batches;
}
