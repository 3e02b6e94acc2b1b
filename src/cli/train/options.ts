// The options of `flopscope train`.
import type { RuntimeKind } from '../../runtime/runtime.ts';

/** Options as commander gives them. */
export interface TrainOptions {
  readonly runtime: RuntimeKind;
  readonly threads?: number;
  readonly data?: string;
  /** A model to go on from. */
  readonly model?: string;
  /** What is trained beside it, or a directory with that. */
  readonly adapter?: string;
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
