// Takes training steps: uploads tokens, replays the plans, and reads what came out late.

import type { StepRecord } from '../../contract/runs.ts';
import { metricSlots, stepMark } from '../../kernels/gradient-norm.ts';
import type { TrainConfig } from '../../model/config.ts';
import { learningRateAt } from '../../model/learning-rate.ts';
import type { NumberArray, Scalars } from '../../plan/kernel.ts';
import { planFlops } from '../../plan/predict.ts';
import type { Replay, Runtime, Submission, TensorWrite } from '../../runtime/runtime.ts';
import { type BatchSource, countTargets, type MicroBatch } from '../plans/batches.ts';
import type { TrainingPlans } from '../plans/training-plans.ts';
import { stepsInGroup } from '../plans/work.ts';
import { CompletionTimes, tokensPerSecond } from './completion-times.ts';

/** Where a run stands; with weights, moments and the data cursor it is everything that a checkpoint needs. */
export interface Progress {
  /** Updates done. */
  readonly step: number;
  /** Tokens seen. */
  readonly tokens: number;
  /** Seconds trained, pauses left out. */
  readonly seconds: number;
}

/** A step that was handed over. */
export interface PendingStep {
  /** Resolves late, in order; `isFinite` false means that the update was skipped and nothing changed. */
  readonly record: Promise<StepRecord & { readonly isFinite: boolean }>;
  readonly encodeSeconds: number;
  readonly gpuSeconds: Promise<number | undefined>;
}

/** A step whose batches are drawn. */
interface DrawnStep {
  /** From 1. */
  readonly step: number;
  /** Seen after it. */
  readonly tokens: number;
  readonly learningRate: number;
  readonly micros: readonly { readonly batch: MicroBatch; readonly scalars: Scalars }[];
}

/** Bytes that clear the metrics of a step. */
const metricBytes = 32;

/** Trains with one set of plans on one runtime. */
export class Trainer {
  readonly plans: TrainingPlans;
  readonly runtime: Runtime;
  readonly batches: BatchSource;
  readonly #train: TrainConfig;
  readonly #time: number;
  readonly #flopsPerStep: number;
  #progress: Progress;
  readonly #times = new CompletionTimes();

  constructor(
    runtime: Runtime,
    plans: TrainingPlans,
    train: TrainConfig,
    batches: BatchSource,
    progress: Progress = { step: 0, tokens: 0, seconds: 0 },
  ) {
    this.runtime = runtime;
    this.plans = plans;
    this.batches = batches;
    this.#train = train;
    this.#time = plans.time;
    this.#flopsPerStep = planFlops(plans.accumulate) * train.accumulation + planFlops(plans.update);
    this.#progress = progress;
  }

  /** Steps handed over so far; results of the last ones may be outstanding. */
  get progress(): Progress {
    return this.#progress;
  }

  /** Useful flops of one step by the plan. */
  get flopsPerStep(): number {
    return this.#flopsPerStep;
  }

  /**
   * Steps that should be handed over together: as many as take the device 50 ms, for a browser may tell of
   * finished work late. 1 until steps were measured, and where a runtime has no room for several steps' batches.
   */
  get groupSize(): number {
    const { runtime, plans } = this;
    const { accumulation, batch } = this.#train;
    const seconds = [runtime.observedSeconds(plans.accumulate), runtime.observedSeconds(plans.update)];
    const [accumulate, update] = seconds;
    if (accumulate === undefined || update === undefined) return 1;
    const tensors = plans.targets ? 2 : 1;
    const bytes = accumulation * 4 * batch * tensors * (this.#time + 1) + metricBytes;
    const room = Math.floor(runtime.uploadBytes / bytes);
    return Math.max(1, Math.min(room, stepsInGroup(accumulation * accumulate + update, accumulation + 1)));
  }

  /** Hands one step over. The clock of `stepSeconds` starts at the completion before, or now after `pauseClock`. */
  async submitStep(): Promise<PendingStep> {
    const { runtime, plans } = this;
    this.#times.start(performance.now() / 1000);
    const step = this.#draw();
    if (step.micros.length > 1) runtime.write(plans.metrics, new Float32Array(8));
    const submissions: Submission[] = [];
    for (const [index, { batch, scalars }] of step.micros.entries()) {
      for (const { tensor, data } of this.#uploadsOf(batch)) runtime.write(tensor, data);
      const isLast = index === step.micros.length - 1;
      const replays = [
        { plan: plans.accumulate, scalars },
        ...(isLast ? [{ plan: plans.update, scalars }] : []),
      ];
      submissions.push(await runtime.submit(replays, isLast ? [plans.metrics] : []));
    }
    const done = submissions.at(-1)?.done ?? Promise.reject(new Error('step: no micro-batch was submitted.'));
    return {
      record: this.#recordOf(
        step,
        done.then(([metrics]) => ({ metrics, stepSeconds: this.#complete(1) })),
      ),
      encodeSeconds: submissions.reduce((sum, { encodeSeconds }) => sum + encodeSeconds, 0),
      gpuSeconds: sumOfSeconds(submissions),
    };
  }

  /** Hands several steps over in one submission, `groupSize` at most: the same numbers as one by one. */
  async submitSteps(count: number): Promise<PendingStep[]> {
    if (count === 1) return [await this.submitStep()];
    const { runtime, plans } = this;
    this.#times.start(performance.now() / 1000);
    const steps = Array.from({ length: count }, () => this.#draw());
    const replays = steps.flatMap(({ micros }): Replay[] => {
      const last = micros.at(-1);
      if (!last) return [];
      const cleared = micros.length > 1 ? [{ tensor: plans.metrics, data: new Float32Array(8) }] : [];
      return [
        ...micros.map(({ batch, scalars }, index) => ({
          plan: plans.accumulate,
          scalars,
          writes: [...(index === 0 ? cleared : []), ...this.#uploadsOf(batch)],
        })),
        { plan: plans.update, scalars: last.scalars, reads: [plans.metrics] },
      ];
    });
    const submission = await runtime.submit(replays);
    // The clock is read once: seen one by one, all steps but the first would seem to have taken no time.
    const arrived = submission.done.then((metrics) => ({ metrics, stepSeconds: this.#complete(count) }));
    return steps.map((step, index) => ({
      record: this.#recordOf(
        step,
        arrived.then(({ metrics, stepSeconds }) => ({ metrics: metrics[index], stepSeconds })),
      ),
      encodeSeconds: submission.encodeSeconds / count,
      gpuSeconds: submission.gpuSeconds.then((seconds) => seconds && seconds / count),
    }));
  }

  /** Draws the batches of the next step, which counts as handed over. */
  #draw(): DrawnStep {
    const { accumulation, batch } = this.#train;
    const { step } = this.#progress;
    const learningRate = learningRateAt(this.#train, step);
    // Sources reuse their arrays: what is drawn before it is handed over needs copies.
    const batches = Array.from({ length: accumulation }, () => {
      const { tokens, targets, ...next } = this.batches.next();
      return { ...next, tokens: tokens.slice(), ...(targets ? { targets: targets.slice() } : {}) };
    });
    const targets = batches.reduce(
      (sum, next) => sum + countTargets(next, this.#time, this.#train.lossPositions),
      0,
    );
    const tokens = this.#progress.tokens + accumulation * batch * this.#time;
    this.#progress = { ...this.#progress, step: step + 1, tokens };
    const micros = batches.map((next, index) => ({
      batch: next,
      scalars: this.#scalars(step, learningRate, targets, step * accumulation * batch + index * batch),
    }));
    return { step: step + 1, tokens, learningRate, micros };
  }

  /** Seconds of each of some steps whose results came together, just now. */
  #complete(steps: number): number {
    return this.#times.complete(performance.now() / 1000, steps);
  }

  #recordOf(
    { step, tokens, learningRate, micros }: DrawnStep,
    arrived: Promise<{ readonly metrics: NumberArray | undefined; readonly stepSeconds: number }>,
  ): PendingStep['record'] {
    const tokensOfStep = micros.length * this.#train.batch * this.#time;
    const record = arrived.then(({ metrics, stepSeconds }) => {
      checkMarks(metrics, step, ['normStep', 'lossStep']);
      this.#progress = { ...this.#progress, seconds: this.#progress.seconds + stepSeconds };
      return {
        step,
        tokens,
        loss: metrics?.[metricSlots.loss] ?? Number.NaN,
        learningRate,
        gradientNorm: metrics?.[metricSlots.gradientNorm] ?? Number.NaN,
        stepSeconds,
        tokensPerSecond: tokensPerSecond(tokensOfStep, stepSeconds) ?? 0,
        flops: step * this.#flopsPerStep,
        seconds: this.#progress.seconds,
        isFinite: metrics?.[metricSlots.isFinite] === 1 && Number.isFinite(metrics[metricSlots.loss]),
      };
    });
    record.catch(() => undefined); // whoever awaits it sees the error; so does the next submit
    return record;
  }

  /** Time until the next step belongs to no step: evaluation, sampling, a pause. Call when all steps are done. */
  pauseClock(): void {
    this.#times.pause();
  }

  /** Mean loss over the given batches, without dropout and without touching the weights. */
  async evaluate(batches: readonly MicroBatch[]): Promise<number> {
    const { runtime, plans } = this;
    const targets = batches.reduce(
      (sum, batch) => sum + countTargets(batch, this.#time, this.#train.lossPositions),
      0,
    );
    runtime.write(plans.evaluationMetrics, new Float32Array(8));
    let loss = Number.NaN;
    for (const [index, batch] of batches.entries()) {
      for (const { tensor, data } of this.#uploadsOf(batch)) runtime.write(tensor, data);
      const scalars = this.#scalars(0, 0, targets, 0);
      const isLast = index === batches.length - 1;
      const submission = await runtime.submit(
        [{ plan: plans.evaluate, scalars }],
        isLast ? [plans.evaluationMetrics] : [],
      );
      if (!isLast) continue;
      const [metrics] = await submission.done;
      checkMarks(metrics, 1, ['lossStep']);
      loss = metrics?.[metricSlots.loss] ?? Number.NaN;
    }
    return loss;
  }

  #uploadsOf({ tokens, targets }: MicroBatch): TensorWrite[] {
    const own = this.plans.targets && targets ? [{ tensor: this.plans.targets, data: targets }] : [];
    return [{ tensor: this.plans.tokens, data: tokens }, ...own];
  }

  #scalars(step: number, learningRate: number, targets: number, sampleOffset: number): Scalars {
    const { beta1, beta2 } = this.#train.optimizer;
    return {
      step: step + 1,
      sampleOffset: sampleOffset >>> 0,
      dropoutSeed: this.#train.seeds.dropout >>> 0,
      lossScale: targets > 0 ? 1 / targets : 0,
      learningRate,
      biasCorrection1: 1 - beta1 ** (step + 1),
      biasCorrection2: 1 - beta2 ** (step + 1),
    };
  }
}

/**
 * Kernels leave the number of their step beside what they computed: a driver that drops work leaves what was there, or
 * zeros, and a loss of exactly 0 is also that of a text learnt by heart.
 * @throws an Error named DeviceLostError
 */
function checkMarks(
  metrics: NumberArray | undefined,
  step: number,
  slots: readonly ('normStep' | 'lossStep')[],
): void {
  for (const slot of slots) {
    const found = metrics?.[metricSlots[slot]];
    if (found === stepMark(step)) continue;
    const error = new Error(
      `step ${step}: the GPU did not do the work it was given: its results are marked with step ${found ?? 'none'}.`,
    );
    error.name = 'DeviceLostError';
    throw error;
  }
}

/** Device seconds of all micro-batches; undefined if one of them has none. */
async function sumOfSeconds(submissions: readonly Submission[]): Promise<number | undefined> {
  const seconds = await Promise.all(submissions.map(({ gpuSeconds }) => gpuSeconds));
  return seconds.reduce<number | undefined>(
    (sum, part) => (sum === undefined || part === undefined ? undefined : sum + part),
    0,
  );
}
