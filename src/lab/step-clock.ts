// How recent steps spent their time: describing the work, the GPU, and waiting for the readback.
import type { StepRecord, StepTiming } from '../worker/api.ts';
import type { PendingStep } from './trainer.ts';

const window = 32;
/** Seconds between two reports. */
const reportInterval = 0.5;

interface Sample {
  readonly step: number;
  readonly encode: number;
  readonly gpu: number | undefined;
}

/** Collects the last steps and gives their medians. */
export class StepClock {
  readonly #flopsPerStep: number;
  readonly #samples: Sample[] = [];
  #nextReport = 0;

  constructor(flopsPerStep: number) {
    this.#flopsPerStep = flopsPerStep;
  }

  /** Takes a finished step in. */
  add(pending: PendingStep, record: StepRecord): void {
    pending.gpuSeconds.then(
      (gpu) => {
        this.#samples.push({ step: record.stepSeconds, encode: pending.encodeSeconds, gpu });
        if (this.#samples.length > window) this.#samples.shift();
      },
      () => undefined,
    );
  }

  /** True twice a second. */
  isDue(): boolean {
    return performance.now() / 1000 >= this.#nextReport;
  }

  /** Medians of the last steps; undefined before the first. */
  timing(
    predictedSeconds: number | undefined,
    peakFlopsPerSecond: number | undefined,
  ): StepTiming | undefined {
    this.#nextReport = performance.now() / 1000 + reportInterval;
    if (this.#samples.length === 0) return undefined;
    const stepSeconds = median(this.#samples.map(({ step }) => step));
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
      ...(predictedSeconds === undefined ? {} : { predictedSeconds }),
      ...(peakFlopsPerSecond === undefined
        ? {}
        : {
            peakFlopsPerSecond,
            modelFlopsUtilization: this.#flopsPerStep / stepSeconds / peakFlopsPerSecond,
          }),
    };
  }
}

/** Middle value; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
