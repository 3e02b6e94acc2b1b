// Reads Hugging Face's config.json key by key, so that none is overlooked: what is not read is inert, named in a note, or refused.
import { isRecord, showKey, showValue } from '../fields/check.ts';
import { isEmpty, isInert, neutralOf, quantizationOf, smellsOfArithmetic } from './known-keys.ts';

/** The name of errors that are a file's fault, not a bug. */
export const invalidFile = 'InvalidFileError';

/** Refuses a config.json with a sentence; its `name` lets a caller tell it from a bug. */
export function refuse(what: string, advice: string): never {
  const error = new Error(`config.json: ${what}. ${advice}`);
  error.name = invalidFile;
  throw error;
}

/** Other names of a key, by the one that is read: Transformers writes now one, now the other. */
export type Spellings = Readonly<Record<string, readonly string[]>>;

/** Reads keys one by one and remembers which, so that no key is overlooked. Absent and null are the same, as in Python. */
export class ConfigReader {
  /** What a user should know of what was read, a sentence each. */
  readonly notes: string[] = [];
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #spellings: Spellings;
  readonly #read = new Set<string>();

  constructor(config: unknown, spellings: Spellings = {}) {
    if (!isRecord(config))
      refuse(`${showValue(config)} is not an object`, 'Give the one of a published model.');
    this.#config = config;
    this.#spellings = spellings;
  }

  /** A value of any kind; undefined if it is absent or null. @throws if two spellings of the key disagree. */
  value(key: string): unknown {
    let found: { readonly name: string; readonly value: unknown } | undefined;
    for (const name of [key, ...(this.#spellings[key] ?? [])]) {
      this.#read.add(name);
      const value = Object.hasOwn(this.#config, name) ? (this.#config[name] ?? undefined) : undefined;
      if (value === undefined) continue;
      if (found && !isSame(found.value, value))
        refuse(
          `${found.name} ${showValue(found.value)} and ${name} ${showValue(value)} are one setting and differ`,
          'Keep one.',
        );
      found ??= { name, value };
    }
    return found?.value;
  }

  /** Says in the notes what a user should know. */
  note(what: string): void {
    this.notes.push(`config.json: ${what}.`);
  }

  /** Whether a key is there and null, for the families to which that is not the same as absent. */
  isNull(key: string): boolean {
    return Object.hasOwn(this.#config, key) && this.#config[key] === null;
  }

  /** Takes note of keys that have no effect in this family, whatever they say. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#read.add(key);
  }

  /** A list of `length` entries; undefined if it is absent or null. */
  list(key: string, length: number): readonly unknown[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length !== length)
      refuse(
        `${key} is ${Array.isArray(value) ? `of ${value.length} entries` : showValue(value)}`,
        `Give a list of ${length}, one a layer.`,
      );
    return value;
  }

  /** Refuses a key unless it is absent, null, or has the one value that is computed here. */
  only(key: string, value: string | number | boolean, why: string): void {
    const found = this.value(key) ?? value;
    if (found !== value) refuse(`${key} ${showValue(found)} ${why}`, `Only ${value} is computed here.`);
  }

  /** A finite number; without a default the key must be there. */
  number(key: string, byDefault?: number): number {
    const value = this.value(key) ?? byDefault;
    if (value === undefined) refuse(`${key} is missing`, 'Give a number.');
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      refuse(`${key} is ${showValue(value)}, not a number`, 'Give a number.');
    }
    return value;
  }

  /** A whole number from 1, or another least, of a size that can be reckoned with. */
  size(key: string, byDefault?: number, least = 1): number {
    const value = this.number(key, byDefault);
    if (!Number.isInteger(value) || value < least || value > 2 ** 24) {
      refuse(
        `${key} is ${value}, not a whole number from ${least} to ${2 ** 24}`,
        'Give such a number, that of the model the weights belong to.',
      );
    }
    return value;
  }

  /** True or false. */
  boolean(key: string, byDefault: boolean): boolean {
    const value = this.value(key) ?? byDefault;
    if (typeof value !== 'boolean') refuse(`${key} is ${showValue(value)}`, 'Give true or false.');
    return value;
  }

  /** One of the words that are known, translated. */
  word<T>(key: string, byDefault: string, words: ReadonlyMap<string, T>): T {
    const value = this.value(key) ?? byDefault;
    const translated = typeof value === 'string' ? words.get(value) : undefined;
    if (translated === undefined) {
      refuse(`${key} ${showValue(value)} is not computed here`, `Known: ${[...words.keys()].join(', ')}.`);
    }
    return translated;
  }

  /**
   * Looks at every key that was not read: those that are known to change nothing, and values that say nothing, pass; unknown ones
   * are named in the notes. @throws for values that are known to change what is computed, and unknown keys that smell of it.
   */
  finish(): void {
    for (const [key, value] of Object.entries(this.#config)) {
      if (value === null || this.#read.has(key) || isInert(key)) continue;
      // Today's Transformers may list the layers of a family that has no windows.
      if (key === 'layer_types' && !this.#read.has('sliding_window') && isFullAttention(value)) continue;
      const neutral = neutralOf(key);
      if (neutral?.includes(value)) continue;
      if (neutral) {
        refuse(
          `${key} ${showValue(value)} changes the arithmetic`,
          `Only ${String(neutral[0])} is computed here.`,
        );
      }
      if (key === 'quantization_config') {
        const method = quantizationOf(value);
        if (method === undefined) continue;
        refuse(
          `quantization_config (${method}) says that weights are stored in a way that is not read here`,
          'Give the model that was quantised, or save it as float32 or bfloat16 (in Transformers: model.dequantize()).',
        );
      }
      if (isEmpty(value)) continue;
      if (smellsOfArithmetic(key)) {
        refuse(
          `${showKey(key)} ${showValue(value)} is not known and could change the arithmetic`,
          'Remove it if it does not.',
        );
      }
      this.note(`${showKey(key)} ${showValue(value)} is not known here and was left out`);
    }
  }
}

/** Whether `layer_types` says of every layer that it sees all tokens. */
function isFullAttention(value: unknown): boolean {
  return Array.isArray(value) && value.every((type) => type === 'full_attention');
}

/** Lists and objects are equal by what they hold. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
