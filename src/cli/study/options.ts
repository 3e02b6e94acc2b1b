// The options of `flopscope study`.
import type { Emitter } from '../../lab/studies/emit.ts';
import type { RuntimeKind } from '../../runtime/runtime.ts';
import type { Shard } from './table-file.ts';

/** Options as commander gives them. */
export interface StudyOptions {
  readonly out?: string;
  readonly shard?: Shard;
  readonly budget?: number;
  readonly dryRun?: true;
  readonly emit?: Emitter;
  readonly data?: string;
  readonly profile?: string;
  readonly calibrate: boolean;
  readonly runtime: RuntimeKind;
  readonly threads?: number;
}
