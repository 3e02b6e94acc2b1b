// What a published family is to us: its config.json read and written, and where its tensors lie.
import type { ModelConfig } from '../config.ts';
import type { ConfigReader, Spellings } from './config-reader.ts';
import type { FileLayout, FileNames } from './parts.ts';

/** A JSON object as Transformers reads it. */
export type Plain = { readonly [key: string]: PlainValue };
type PlainValue = string | number | boolean | null | readonly PlainValue[] | Plain;

/** One layout of Hugging Face. Whatever `read` gives, `write` writes and `layout` has a place for. */
export interface Family {
  /** `model_type` in config.json. */
  readonly type: string;
  /** What tensor names begin with; a file may leave it out. */
  readonly prefix: string;
  /** Our keys that this family's cannot say although they count; they stand in the file's `flopscope` block. */
  readonly own?: readonly (keyof ModelConfig)[];
  /** Whether Transformers 5 opens the file of a model that the family's keys can say; it does unless given. */
  readonly opens?: (model: ModelConfig) => boolean;
  /** Other names of keys that the family's files have had. */
  readonly spellings?: Spellings;
  /** @throws InvalidFileError for what we do not compute. */
  readonly read: (reader: ConfigReader) => Partial<ModelConfig>;
  /** The nearest that the family can say; reading it back tells whether that is the model. */
  readonly write: (model: ModelConfig) => Plain;
  readonly layout: (model: ModelConfig, names: FileNames) => FileLayout;
}
