// Comparisons of families of models at equal training flops. Types only.

import type { RunRecord } from './records.ts';
import type { ExperimentJson, Result } from './values.ts';

/** One model of a comparison: as much arithmetic a token as the others. */
export interface ComparedModel {
  readonly presetId: string;
  readonly title: string;
  /** What runs: the preset's model, sized to fit, with text, training and context of the first. */
  readonly experiment: ExperimentJson;
  /** What is not as in the preset, in one line; empty where nothing is. */
  readonly change: string;
  readonly parameters: number;
  /** Parameters that one token meets: all but those of the experts that it does not take. */
  readonly activeParameters: number;
  /** Training flops of one token, multiply-add as two: useful flops of a step's dispatches over its tokens. */
  readonly flopsPerToken: number;
  /** Flops over those of the first model. */
  readonly ratio: number;
  readonly tokensPerStep: number;
  readonly steps: number;
  /** Expected of this device; undefined until it is calibrated. */
  readonly secondsPerStep?: number;
  readonly relativeError?: number;
}

/** What happens in a comparison: a model begins to train, or has ended with its record. */
export type ComparisonEvent =
  | { readonly kind: 'begun'; readonly index: number; readonly seed: number }
  | { readonly kind: 'ended'; readonly index: number; readonly seed: number; readonly record: RunRecord };

/** Calls about comparisons. */
export interface ComparisonApi {
  /**
   * Two to four presets sized to cost as many training flops a token as the first, within two per cent.
   * @param steps of each run; 0 for as many as the first preset takes
   */
  sizeComparison(presetIds: readonly string[], steps: number): Promise<Result<readonly ComparedModel[]>>;
  /**
   * Trains compared models one after another, as ordinary runs that are kept. Refused while a run is training. The
   * answer is whether all of them came to an end.
   * @param seeds runs of every model, each with seeds of its own: all models once, then all again
   */
  runComparison(
    models: readonly ComparedModel[],
    seeds: number,
    onEvent: (event: ComparisonEvent) => void,
  ): Promise<Result<boolean>>;
  /** Stops the run of a comparison and begins no other. */
  cancelComparison(): Promise<void>;
}
