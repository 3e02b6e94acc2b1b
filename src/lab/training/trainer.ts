// Takes training steps: uploads tokens, replays the plans, and reads what came out late.

import type { StepRecord } from '../../contract/runs.ts';
import { metricSlots, stepMark } from '../../kernels/gradient-norm.ts';
import type { TrainConfig } from '../../model/config.ts';
import { learningRateAt } from '../../model/schedule.ts';
import type { NumberArray, Scalars } from '../../plan/kernel.ts';
import { planFlops } from '../../plan/predict.ts';
import type { Runtime, Submission } from '../../runtime/runtime.ts';
import { type BatchSource, countTargets, type MicroBatch } from '../plans/batches.ts';
import type { TrainingPlans } from '../plans/training-plans.ts';
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

  /** Hands one step over. The clock of `stepSeconds` starts at the completion before, or now after `pauseClock`. */
  async submitStep(): Promise<PendingStep> {
    const { runtime, plans } = this;
    const { accumulation, batch } = this.#train;
    const step = this.#progress.step;
    const learningRate = learningRateAt(this.#train, step);
    this.#times.start(performance.now() / 1000);

    const microBatches: MicroBatch[] = [];
    let targets = 0;
    for (let i = 0; i < accumulation; i++) {
      const next = this.batches.next();
      targets += countTargets(next, this.#time, this.#train.lossPositions);
      // Sources reuse their arrays: later micro-batches of the same step need copies.
      microBatches.push(accumulation > 1 ? { ...next, tokens: next.tokens.slice() } : next);
    }
    let encodeSeconds = 0;
    if (accumulation > 1) runtime.write(plans.metrics, new Float32Array(8));
    const submissions: Submission[] = [];
    for (const [index, micro] of microBatches.entries()) {
      this.#upload(micro);
      const scalars = this.#scalars(step, learningRate, targets, step * accumulation * batch + index * batch);
      const isLast = index === accumulation - 1;
      const replays = [
        { plan: plans.accumulate, scalars },
        ...(isLast ? [{ plan: plans.update, scalars }] : []),
      ];
      const submission = await runtime.submit(replays, isLast ? [plans.metrics] : []);
      submissions.push(submission);
      encodeSeconds += submission.encodeSeconds;
    }
    const tokens = this.#progress.tokens + accumulation * batch * this.#time;
    this.#progress = { ...this.#progress, step: step + 1, tokens };
    const done = submissions.at(-1)?.done ?? Promise.reject(new Error('step: no micro-batch was submitted.'));
    const record = done.then(([metrics]) => {
      checkMarks(metrics, step + 1, ['normStep', 'lossStep']);
      const stepSeconds = this.#times.complete(performance.now() / 1000);
      this.#progress = { ...this.#progress, seconds: this.#progress.seconds + stepSeconds };
      return {
        step: step + 1,
        tokens,
        loss: metrics?.[metricSlots.loss] ?? Number.NaN,
        learningRate,
        gradientNorm: metrics?.[metricSlots.gradientNorm] ?? Number.NaN,
        stepSeconds,
        tokensPerSecond: tokensPerSecond(accumulation * batch * this.#time, stepSeconds) ?? 0,
        flops: (step + 1) * this.#flopsPerStep,
        seconds: this.#progress.seconds,
        isFinite: metrics?.[metricSlots.isFinite] === 1 && Number.isFinite(metrics[metricSlots.loss]),
      };
    });
    record.catch(() => undefined); // whoever awaits it sees the error; so does the next submit
    return {
      record,
      encodeSeconds,
      gpuSeconds: sumOfSeconds(submissions),
    };
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
      this.#upload(batch);
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

  #upload({ tokens, targets }: MicroBatch): void {
    this.runtime.write(this.plans.tokens, tokens);
    if (this.plans.targets && targets) this.runtime.write(this.plans.targets, targets);
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
