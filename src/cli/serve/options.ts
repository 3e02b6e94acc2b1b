// What `flopscope serve-bench` is asked for.
import type { VocabularyTable } from '../../model/weight-format.ts';
import type { WeightFormat } from '../../plan/quantised.ts';
import type { CacheFormat } from '../../plan/quantised-cache.ts';
import type { RuntimeKind } from '../../runtime/runtime.ts';

/** Options of the command. */
export interface ServeOptions {
  readonly batch: readonly number[];
  readonly prompt: number;
  readonly output: number;
  readonly repeats: number;
  readonly weights: WeightFormat;
  readonly unquantised: readonly VocabularyTable[];
  readonly cache: CacheFormat;
  readonly seed: number;
  readonly runtime: RuntimeKind;
  readonly threads?: number;
  readonly profile?: string;
  readonly calibrate: boolean;
  readonly dryRun: boolean;
  /** A directory, or ngram. */
  readonly draft?: string;
  readonly draftTokens: number;
}
