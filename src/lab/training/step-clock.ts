// How recent steps spent their time: describing the work, the GPU, and waiting for the readback; and their rate.
import type { StepRecord, StepTiming } from '../../contract/runs.ts';
import { tokensPerSecond } from './completion-times.ts';
import { median } from './median.ts';
import type { PendingStep } from './trainer.ts';

const window = 32;
/** Seconds between two reports. */
const reportInterval = 0.5;

interface Sample {
  readonly step: number;
  readonly tokens: number;
  readonly encode: number;
  readonly gpu: number | undefined;
}

/** Collects the last steps and gives their medians, and tokens and flops per second over all of them. */
export class StepClock {
  readonly #flopsPerStep: number;
  readonly #samples: Sample[] = [];
  #nextReport = 0;

  constructor(flopsPerStep: number) {
    this.#flopsPerStep = flopsPerStep;
  }

  /** Takes a finished step in. */
  add(pending: PendingStep, record: StepRecord): void {
    const tokens = record.tokensPerSecond * record.stepSeconds;
    pending.gpuSeconds.then(
      (gpu) => {
        this.#samples.push({ step: record.stepSeconds, tokens, encode: pending.encodeSeconds, gpu });
        if (this.#samples.length > window) this.#samples.shift();
      },
      () => undefined,
    );
  }

  /** True twice a second; also when the clock was set back. */
  isDue(): boolean {
    const wait = this.#nextReport - performance.now() / 1000;
    return wait <= 0 || wait > reportInterval;
  }

  /** How the last steps went; undefined before the first. */
  timing(
    predictedSeconds: number | undefined,
    peakFlopsPerSecond: number | undefined,
  ): StepTiming | undefined {
    this.#nextReport = performance.now() / 1000 + reportInterval;
    if (this.#samples.length === 0) return undefined;
    const stepSeconds = median(this.#samples.map(({ step }) => step));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const seconds = sum(this.#samples.map(({ step }) => step));
    const rate = tokensPerSecond(sum(this.#samples.map(({ tokens }) => tokens)), seconds);
    const encodeSeconds = median(this.#samples.map(({ encode }) => encode));
    const measured = this.#samples.flatMap(({ gpu }) => (gpu === undefined ? [] : [gpu]));
    // Without a GPU clock all that is not encoding counts as GPU: with two steps in flight it is nearly so.
    const gpuSeconds =
      measured.length > 0 ? Math.min(median(measured), stepSeconds) : stepSeconds - encodeSeconds;
    return {
      encodeSeconds,
      gpuSeconds,
      readbackSeconds: Math.max(0, stepSeconds - gpuSeconds),
      stepSeconds,
      ...(rate === undefined ? {} : { tokensPerSecond: rate }),
      ...(predictedSeconds === undefined ? {} : { predictedSeconds }),
      ...(peakFlopsPerSecond === undefined
        ? {}
        : {
            peakFlopsPerSecond,
            modelFlopsUtilization: (this.#flopsPerStep * this.#samples.length) / seconds / peakFlopsPerSecond,
          }),
    };
  }
}
