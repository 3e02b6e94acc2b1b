// The options of `flopscope train`.

/** Options as commander gives them. */
export interface TrainOptions {
  readonly runtime: 'gpu' | 'cpu';
  readonly data?: string;
  readonly steps?: number;
  readonly out?: string;
  readonly record?: string;
  readonly resume?: string;
  readonly seed?: number;
  readonly profile?: string;
  readonly calibrate: boolean;
  readonly batches?: string;
  readonly optimizer?: string;
}
