// What every part of the contract is made of: JSON values, results, and why something expected did not work.
//
// Expected failures come back as tagged unions, because comlink keeps only name, message and stack of an exception.
// Exceptions are bugs.

/** A JSON value tree that crosses the boundary unchanged: configurations, presets. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** `{model, train, data}` as the command line reads it; the schema in src/model/config.ts says what is in it. */
export interface ExperimentJson {
  readonly model: { readonly [key: string]: Json };
  readonly train: { readonly [key: string]: Json };
  readonly data: { readonly [key: string]: Json };
}

/** A field that the schema refused. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** Why something expected did not work, and what to do. */
export interface Problem {
  readonly kind:
    | 'noWebGpu'
    | 'insecureOrigin'
    | 'noAdapter'
    | 'deviceLost'
    | 'threadLost'
    | 'outOfMemory'
    | 'tooLarge'
    | 'invalidConfig'
    | 'invalidData'
    | 'invalidFile'
    | 'invalidRequest'
    | 'diverged'
    | 'storageFull'
    | 'newerStorage'
    | 'busy'
    | 'openElsewhere'
    | 'locked'
    | 'notLoaded'
    | 'internal';
  readonly message: string;
  readonly fields?: readonly FieldProblem[];
}

/** Either a value or an expected failure. */
export type Result<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** One measured figure with its spread (half of the interquartile range over the median). */
export interface Measured {
  readonly value: number;
  readonly spread: number;
  readonly repeats: number;
}

/** A file that the page offers for download. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
