// The contract of predictions held against measurements: expectations, waterfalls and validation. Types only.
import type { ExperimentJson, Result } from './values.ts';

/** What is predicted and measured: one training step, one batch evaluated, one prompt read, one token decoded. */
export type WorkKind = 'training' | 'evaluation' | 'prefill' | 'decode';

/** Seconds by what they are spent on; all parts but `measured` add up to `measured`. */
export interface Waterfall {
  /** Useful flops at the measured peak. */
  readonly arithmeticAtPeak: number;
  /** What moving the bytes takes beyond that: with it, this is the roofline. */
  readonly bandwidthExcess: number;
  /** Padding of tiles, and what the kernels lose against the roofline by their fitted efficiency. */
  readonly tileAndOccupancy: number;
  /** Starting each dispatch. */
  readonly launches: number;
  /** Handing work over, and waiting for it where somebody waits. */
  readonly hostAndQueue: number;
  /** Measured less expected: negative where the device was quicker. */
  readonly unexplained: number;
  readonly measured: number;
}

/** What some work should take on this device. */
export interface WorkExpectation {
  readonly kind: WorkKind;
  /** Such as `a step of 16 × 64 tokens` or `a token after 96`. */
  readonly what: string;
  readonly tokens: number;
  readonly usefulFlops: number;
  /** Roofline seconds: a lower bound. */
  readonly limitSeconds: number;
  /** Relative half-width of the limit: that of the peaks. */
  readonly limitError: number;
  /** Expected seconds. */
  readonly seconds: number;
  readonly relativeError: number;
}

/** One prediction held against its measurement. */
export interface ValidationRow extends WorkExpectation {
  /** Of the model, such as `gpt L2 C128 T64 B8`. */
  readonly name: string;
  /** Median over the repeats. */
  readonly measuredSeconds: number;
  /** Half the interquartile range over the median. */
  readonly measuredSpread: number;
  readonly repeats: number;
  /**
   * Pace of the device beside the measurement over that of its calibration, by a fixed mixture of kernels. `seconds` is
   * expected at this pace: processors and GPUs run faster or slower by the minute, and are shared.
   */
  readonly paceRatio: number;
  /** |expected ÷ measured − 1|. */
  readonly error: number;
  readonly waterfall: Waterfall;
}

/** The outcome of a whole grid. */
export interface ValidationSummary {
  readonly configurations: number;
  readonly medianError: number;
  readonly ninetiethPercentileError: number;
  /** Median of |unexplained| ÷ measured. */
  readonly medianUnexplained: number;
  /** Median of the rows': far from 1, the device has changed since its calibration. */
  readonly paceRatio: number;
  readonly device: string;
  readonly seconds: number;
}

/** Calls about predictions. */
export interface ValidationApi {
  /** What training, evaluation, prefill and decoding of an experiment should take on the calibrated device. */
  expectations(experiment: ExperimentJson): Promise<Result<readonly WorkExpectation[]>>;
  /** From the limit to the measured step of the present run; undefined before it has been measured and calibrated. */
  waterfall(): Promise<Result<Waterfall | undefined>>;
  /**
   * Trains, evaluates and samples a grid of small models that calibration has not seen, and holds them against their
   * predictions. Refused while a run is training.
   */
  validatePredictions(
    grid: 'small' | 'full',
    onRow: (row: ValidationRow) => void,
    onProgress: (fraction: number, what: string) => void,
  ): Promise<Result<ValidationSummary>>;
  /** Ends a validation after the measurement in hand. */
  cancelValidation(): Promise<void>;
}
