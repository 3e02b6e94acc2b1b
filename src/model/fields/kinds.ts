// What a row of the schema's table says about one setting.

/** What a field's value is in JSON. */
export type FieldValue = string | number | boolean;

/** What all kinds of field have. */
interface FieldBase {
  /** Where the value lives, such as `model.width` or `train.optimizer.learningRate`. */
  readonly path: string;
  readonly label: string;
  /** One or two sentences for a person who does not know the word. */
  readonly help: string;
  readonly unit?: string;
  /** Rarely changed: behind "more". */
  readonly advanced?: boolean;
  /** Has an effect only when another field has one of these values. */
  readonly onlyIf?: { readonly path: string; readonly values: readonly FieldValue[] };
  /** Must be given in a file; the default is what the form starts with. */
  readonly required?: boolean;
}

/** A whole number or a real number within bounds, both inclusive. */
export interface NumericField extends FieldBase {
  readonly kind: 'integer' | 'number';
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  /** 0 and a missing value both mean: derived from other fields. The default is then 0. */
  readonly automatic?: boolean;
}

/** One of a few words. */
export interface ChoiceField extends FieldBase {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  /** Choices that come with opened files only: nobody picks them. */
  readonly brought?: readonly string[];
  readonly default: string;
}

/** Yes or no. */
export interface BooleanField extends FieldBase {
  readonly kind: 'boolean';
  readonly default: boolean;
}

/** A word of a few letters, one for each layer or so. */
export interface PatternField extends FieldBase {
  readonly kind: 'pattern';
  readonly letters: string;
  readonly maximumLength: number;
  readonly default: string;
}

/** One row of the table. */
export type Field = NumericField | ChoiceField | BooleanField | PatternField;

/** The largest seed: what fits the 32-bit counters of the GPU's generator. */
export const maximumSeed = 2 ** 32 - 1;
