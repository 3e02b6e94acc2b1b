// Reads a GGUF file's metadata key by key, so that none of its architecture is overlooked: what is not read is inert or refused.
import { refuseGguf } from '../../data/gguf/fault.ts';
import type { GgufValue } from '../../data/gguf/header.ts';
import { quoteName } from '../../data/strict-json.ts';
import { significant } from '../../text/rounding.ts';

/** Keys of an architecture that say nothing of what is computed here, without its name before them. */
const inert: ReadonlySet<string> = new Set([
  ...['vocab_size', 'tensor_data_layout', 'rope.scaling.finetuned', 'pooling_type', 'expert_weights_norm'],
  ...['decoder_start_token_id', 'interleave_moe_layer_step'],
]);

/** Factors, which change nothing where they are 1. */
const factors: ReadonlySet<string> = new Set([
  ...['rope.scale_linear', 'rope.scaling.yarn_ext_factor', 'rope.scaling.yarn_attn_factor'],
]);

/** The keys of one architecture. */
export class MetadataReader {
  /** `general.architecture`. */
  readonly architecture: string;
  readonly #metadata: ReadonlyMap<string, GgufValue>;
  readonly #read = new Set<string>();

  constructor(metadata: ReadonlyMap<string, GgufValue>) {
    const architecture = metadata.get('general.architecture');
    this.architecture =
      typeof architecture === 'string'
        ? architecture
        : refuseGguf('general.architecture is missing', 'It is no model.');
    this.#metadata = metadata;
  }

  /** A value of the architecture's own key; undefined where it is not there. */
  value(key: string): GgufValue | undefined {
    this.#read.add(key);
    return this.#metadata.get(this.name(key));
  }

  /** The whole name of a key. */
  name(key: string): string {
    return `${this.architecture}.${key}`;
  }

  /** A finite number, in the fewest digits that are the same float of 32 bits: 1e-5 for 0.00000999999974. */
  number(key: string): number | undefined {
    const value = this.#same(key, this.value(key));
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value))
      return refuseGguf(`${this.name(key)} is ${quoteName(String(value))}, not a number`);
    const short = significant(value, 7);
    return Math.fround(short) === value ? short : value;
  }

  /** A whole number from 1. */
  size(key: string): number | undefined {
    const value = this.number(key);
    if (value === undefined || (Number.isInteger(value) && value > 0)) return value;
    return refuseGguf(`${this.name(key)} is ${value}, not a whole number from 1`);
  }

  /** The same, that must be there. */
  neededSize(key: string): number {
    return this.size(key) ?? refuseGguf(`${this.name(key)} is missing`);
  }

  /** Refuses whatever was not read and is neither inert nor 0, false, empty, or a factor of 1. */
  finish(): void {
    const prefix = this.name('');
    for (const [name, value] of this.#metadata) {
      const key = name.slice(prefix.length);
      if (!name.startsWith(prefix) || this.#read.has(key) || inert.has(key)) continue;
      if (value === 0 || value === false || value === '' || (Array.isArray(value) && value.length === 0))
        continue;
      if ((key === 'attention.causal' && value === true) || (factors.has(key) && value === 1)) continue;
      refuseGguf(
        `${quoteName(name)} ${quoteName(String(value))} is not known and could change the arithmetic`,
        'Fetch the safetensors files of the same model.',
      );
    }
  }

  /** One number for all layers, where the file has one for each. */
  #same(key: string, value: GgufValue | undefined): GgufValue | undefined {
    if (!Array.isArray(value)) return value;
    const [first] = value;
    if (value.every((other) => other === first)) return first;
    return refuseGguf(
      `${this.name(key)} is ${quoteName(value.slice(0, 8).join(', '))}`,
      'Layers that differ in it are not computed here.',
    );
  }
}
