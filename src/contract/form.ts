// The form of an experiment as the page shows it: fields, presets, and the address that names them.
import type { ExperimentJson, Result } from './values.ts';

/** One control of the form, generated from the schema. */
export interface FormField {
  /** Where the value lives, such as `model.width` or `train.optimizer.learningRate`. */
  readonly path: string;
  readonly label: string;
  readonly help: string;
  readonly unit?: string;
  readonly kind: 'integer' | 'number' | 'choice' | 'boolean' | 'pattern';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly string[];
  /** Choices that come with opened files: offered only where one is set. */
  readonly brought?: readonly string[];
  /** Letters of a pattern, whose `maximum` is its length. */
  readonly letters?: string;
  readonly default: string | number | boolean;
  /** Shown only when another field has one of these values. */
  readonly onlyIf?: { readonly path: string; readonly values: readonly (string | number | boolean)[] };
  /** Rarely changed: behind "more". */
  readonly advanced: boolean;
  /** 0 stands for a size that follows from other fields. */
  readonly automatic?: boolean;
}

/** A named experiment with what it is for. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  /** Heading under which it is offered. */
  readonly group: string;
  readonly note: string;
  readonly experiment: ExperimentJson;
}

/** What the page may offer before any GPU is asked. */
export interface Catalogue {
  /** Version of the schema; an address or file with a higher one is refused. */
  readonly version: number;
  readonly fields: readonly FormField[];
  readonly presets: readonly Preset[];
  /** Id of the preset to start with where no GPU is to be had: a minute on a processor. */
  readonly processorPreset: string;
}

/** What an address says: a preset and what differs from it, read through the schema. */
export interface AddressState {
  readonly experiment: ExperimentJson;
  readonly presetId: string;
  /** What was left out or replaced while reading, one sentence each. */
  readonly notices: readonly string[];
}

/** Calls about experiments as values: need no GPU. */
export interface FormApi {
  /** Schema and presets: needs no GPU. */
  catalogue(): Promise<Catalogue>;
  /** Checks an experiment against the schema. */
  validate(experiment: ExperimentJson): Promise<Result<ExperimentJson>>;
  /** The query string (without `?`) that names this experiment: version, preset and what differs from it. */
  addressOf(experiment: ExperimentJson, presetId: string): Promise<string>;
  /** Reads a query string. Never fails: what it does not understand becomes a notice and the default. */
  fromAddress(query: string): Promise<AddressState>;
  /** A preset with `factor` times the parameters, in its proportions, as the form holds it. */
  scalePreset(presetId: string, factor: number): Promise<Result<ExperimentJson>>;
}
