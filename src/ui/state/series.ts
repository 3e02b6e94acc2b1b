// The curve of one run in bounded memory: neighbours merge as it grows, so a million steps cost no more than 4096.
import type { LossFloors, StepRecord } from '../../contract/runs.ts';

/** What the horizontal axis of a curve counts. */
export type AxisName = 'step' | 'tokens' | 'flops' | 'seconds';

/** Held-out loss at one moment of a run. */
export interface Evaluation {
  readonly step: number;
  readonly tokens: number;
  readonly flops: number;
  readonly seconds: number;
  readonly loss: number;
}

/** A run's curve as the chart reads it. */
export interface RunSeries {
  /** Each point is the mean of `stride` steps and stands at the last of them. */
  readonly points: readonly StepRecord[];
  readonly stride: number;
  readonly evaluations: readonly Evaluation[];
  readonly floors: LossFloors | undefined;
}

/** Most points that a curve keeps: about two per pixel of a wide screen. */
const defaultCapacity = 4096;

/** The mean of neighbouring records, at the place of the last; their rate is what they did over their seconds. */
function mergeRecords(records: readonly StepRecord[]): StepRecord {
  const last = records[records.length - 1];
  if (last === undefined) throw new Error('mergeRecords: no records were given. Pass one or more.');
  const mean = (read: (record: StepRecord) => number): number =>
    records.reduce((sum, record) => sum + read(record), 0) / records.length;
  const stepSeconds = mean((record) => record.stepSeconds);
  return {
    ...last,
    loss: mean(({ loss }) => loss),
    gradientNorm: mean(({ gradientNorm }) => gradientNorm),
    stepSeconds,
    tokensPerSecond: mean(({ tokensPerSecond, stepSeconds }) => tokensPerSecond * stepSeconds) / stepSeconds,
  };
}

/** Collects a run's records; a snapshot is cheap and may be handed to elements. */
export class SeriesCollector {
  #capacity: number;
  #stride = 1;
  #points: StepRecord[] = [];
  #open: StepRecord[] = [];
  #evaluations: Evaluation[] = [];
  #floors: LossFloors | undefined;

  constructor(capacity = defaultCapacity) {
    if (capacity < 2 || capacity % 2 !== 0) {
      throw new Error(`SeriesCollector: the capacity is not even and positive: ${capacity}. Pass 4096.`);
    }
    this.#capacity = capacity;
  }

  /** Forgets everything; a new run begins. */
  clear(floors: LossFloors | undefined): void {
    this.#stride = 1;
    this.#points = [];
    this.#open = [];
    this.#evaluations = [];
    this.#floors = floors;
  }

  /** Adds finished steps. A record that does not come after the last one (a run rewound) drops what it replaces. */
  addSteps(steps: readonly StepRecord[]): void {
    for (const record of steps) {
      const last = this.#open[this.#open.length - 1] ?? this.#points[this.#points.length - 1];
      if (last !== undefined && record.step <= last.step) this.#rewind(record.step);
      this.#open.push(record);
      if (this.#open.length >= this.#stride) {
        this.#points.push(mergeRecords(this.#open));
        this.#open = [];
      }
      if (this.#points.length >= this.#capacity) this.#halve();
    }
  }

  addEvaluation(evaluation: Evaluation): void {
    this.#evaluations = this.#evaluations.filter(({ step }) => step < evaluation.step);
    this.#evaluations.push(evaluation);
    if (this.#evaluations.length > this.#capacity) {
      this.#evaluations = this.#evaluations.filter((_, index) => index % 2 === 1);
    }
  }

  /** What was collected so far; steps that do not fill a point yet appear as one. */
  snapshot(): RunSeries {
    const points = this.#open.length > 0 ? [...this.#points, mergeRecords(this.#open)] : [...this.#points];
    return { points, stride: this.#stride, evaluations: [...this.#evaluations], floors: this.#floors };
  }

  #rewind(step: number): void {
    this.#points = this.#points.filter((point) => point.step < step);
    this.#open = this.#open.filter((point) => point.step < step);
    this.#evaluations = this.#evaluations.filter((evaluation) => evaluation.step < step);
  }

  #halve(): void {
    const merged: StepRecord[] = [];
    for (let index = 0; index < this.#points.length; index += 2) {
      merged.push(mergeRecords(this.#points.slice(index, index + 2)));
    }
    this.#points = merged;
    this.#stride *= 2;
  }
}
