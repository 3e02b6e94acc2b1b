// Opens a GGUF file as a published model: its configuration as config.json would say it, and tensors that stay in the file.
import { refuseGguf } from '../../data/gguf/fault.ts';
import { checkReadable, openGguf } from '../../data/gguf/file.ts';
import type { GgufHeader, GgufValue } from '../../data/gguf/header.ts';
import type { ByteSource, StoredTensor } from '../../data/safetensors.ts';
import { quoteName } from '../../data/strict-json.ts';
import type { Plain } from '../huggingface/family.ts';
import { ggufConfig } from './architectures.ts';
import { MetadataReader } from './metadata.ts';
import type { FrequencyFactors } from './rope-keys.ts';
import { factorNames } from './tensor-names.ts';
import { checkBlocks, familyTensors, storedTensor } from './tensors.ts';

/** A model in a GGUF file. */
export interface GgufModel {
  /** As config.json would say it. */
  readonly config: Plain;
  /** By the names that the family's own files have. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** What a user should know, a sentence each. */
  readonly notes: readonly string[];
}

/** Reads the header of a file. Rejects with one sentence for what is damaged, and for what is not computed here. */
export async function openGgufModel(source: ByteSource): Promise<GgufModel> {
  const header = await openGguf(source);
  const { metadata, tensors } = header;
  checkKind(metadata);
  for (const [name, tensor] of tensors) checkReadable(name, tensor);
  const reader = new MetadataReader(metadata);
  const [vocabulary] = tensors.get('token_embd.weight')?.shape ?? [0];
  const isTied = !tensors.has('output.weight');
  const facts = { vocabulary, isTied, factors: await readFactors(source, header) };
  const { config, names } = ggufConfig(reader, facts);
  reader.finish();
  checkBlocks(tensors, Number(config.num_hidden_layers ?? config.n_layer));
  const heads = Number(config.num_attention_heads ?? config.n_head);
  const sizes = { heads, keyValueHeads: Number(config.num_key_value_heads ?? heads) };
  return {
    config,
    tensors: familyTensors(source, tensors, names, sizes),
    metadata,
    notes: notesOf(header),
  };
}

/** What is no whole model is named. */
function checkKind(metadata: ReadonlyMap<string, GgufValue>): void {
  const kind = metadata.get('general.type') ?? 'model';
  if (kind !== 'model')
    refuseGguf(
      `it is of the type ${quoteName(String(kind))}`,
      'Give a whole model: an adapter is merged into it first.',
    );
  const parts = metadata.get('split.count') ?? 1;
  if (Number(parts) > 1)
    refuseGguf(
      `it is one of ${String(parts)} files`,
      'Join them: llama-gguf-split --merge FIRST.gguf OUT.gguf.',
    );
}

/** The longest list of factors; heads have at most 512 channels. */
const mostFactors = 4096;

async function readFactors(source: ByteSource, { tensors }: GgufHeader): Promise<FrequencyFactors> {
  const read = async (name: string) => {
    const tensor = tensors.get(name);
    if (!tensor) return undefined;
    const [pairs = 0] = tensor.shape;
    if (tensor.shape.length !== 1 || pairs > mostFactors)
      return refuseGguf(`tensor ${name} is [${tensor.shape.join(', ')}], no list of factors`);
    const values = [...(await storedTensor(source, tensor).read())];
    if (values.every((value) => value > 0 && Number.isFinite(value))) return values;
    return refuseGguf(`tensor ${name} has factors that are not above 0`);
  };
  const [all, short, long] = [
    await read(factorNames.all),
    await read(factorNames.short),
    await read(factorNames.long),
  ];
  return { ...(all ? { all } : {}), ...(short ? { short } : {}), ...(long ? { long } : {}) };
}

/** Types that are a scale and a minimum for 32 inputs of an output, as int4 is here. */
const int4Types: readonly string[] = ['Q4_0', 'Q4_1'];

/** Which types the numbers are of, and what becomes of them. */
function notesOf({ tensors }: GgufHeader): string[] {
  const counts = new Map<string, number>();
  for (const { type } of tensors.values()) counts.set(type.name, (counts.get(type.name) ?? 0) + 1);
  const quantised = [...counts].filter(([name]) => !['F32', 'F16', 'BF16'].includes(name));
  if (quantised.length === 0) return [];
  const found = quantised.map(([name, number]) => `${number} in ${name}`).join(', ');
  const exact = quantised.map(([name]) => name).filter((name) => int4Types.includes(name));
  const kept =
    exact.length === 0 ? '' : ` Numbers in ${exact.join(' and ')} are kept exactly by --weights int4.`;
  return [
    `gguf: tensors are quantised (${found}): their numbers are read as 32-bit floats, which --weights int8 or int4 rounds ` +
      `by scales of ours.${kept}`,
  ];
}
