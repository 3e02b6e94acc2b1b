// A tiny Llama in a GGUF file for tests: random blocks of any type, and a tokenizer made of a published one.

import { ggufTypes } from '../../../src/data/gguf/types.ts';
import { createRandom } from '../../../src/data/random.ts';
import { type Typed, type WrittenTensor, writeGguf } from './write-gguf.ts';

/** Where a type's blocks have floats of 16 bits, which random bytes would make infinite. */
const scales: Readonly<Record<string, readonly number[]>> = {
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q8_0: [0],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
};

/** Random numbers of a type around 0; of F32 and of blocks. */
export function randomTensor(type: string, shape: readonly number[], random: () => number): WrittenTensor {
  const all = shape.reduce((product, size) => product * size, 1);
  if (type === 'F32') {
    const values = Float32Array.from({ length: all }, () => (random() - 0.5) * 0.4);
    return { type, shape, bytes: new Uint8Array(values.buffer) };
  }
  const of = [...ggufTypes.values()].find(({ name }) => name === type);
  if (!of) throw new Error(`${type} is no type.`);
  const bytes = Uint8Array.from({ length: (all / of.elements) * of.bytes }, () => Math.floor(random() * 256));
  for (let at = 0; at < bytes.length; at += of.bytes)
    // 0x1800 to 0x1bff are 0.002 to 0.004.
    for (const place of scales[type] ?? []) bytes[at + place + 1] = 0x18 + (bytes[at + place + 1] & 3);
  return { type, shape, bytes };
}

/** Sizes, type of the matrices, and whatever of the metadata is to be otherwise. */
export interface TinyGguf {
  readonly width?: number;
  readonly vocabulary?: number;
  readonly type?: string;
  readonly metadata?: Readonly<Record<string, Typed>>;
  /** Changes the tensors before they are written. */
  readonly change?: (tensors: Map<string, WrittenTensor>) => void;
}

/** A file of one block with two heads that share keys. */
export function tinyGguf({
  width = 32,
  vocabulary = 40,
  type = 'F32',
  metadata = {},
  change,
}: TinyGguf = {}): Uint8Array<ArrayBuffer> {
  const { uniform: random } = createRandom(5);
  const matrix = (rows: number, columns: number) => randomTensor(type, [rows, columns], random);
  const norm = () => ({
    type: 'F32',
    shape: [width],
    bytes: new Uint8Array(new Float32Array(width).fill(1).buffer),
  });
  const tensors = new Map<string, WrittenTensor>([
    ['token_embd.weight', matrix(vocabulary, width)],
    ['blk.0.attn_norm.weight', norm()],
    ['blk.0.attn_q.weight', matrix(width, width)],
    ['blk.0.attn_k.weight', matrix(width / 2, width)],
    ['blk.0.attn_v.weight', matrix(width / 2, width)],
    ['blk.0.attn_output.weight', matrix(width, width)],
    ['blk.0.ffn_norm.weight', norm()],
    ['blk.0.ffn_gate.weight', matrix(width, width)],
    ['blk.0.ffn_up.weight', matrix(width, width)],
    ['blk.0.ffn_down.weight', matrix(width, width)],
    ['output_norm.weight', norm()],
  ]);
  change?.(tensors);
  const keys: Readonly<Record<string, Typed>> = {
    'general.architecture': { text: 'llama' },
    'llama.block_count': { u32: 1 },
    'llama.context_length': { u32: 64 },
    'llama.embedding_length': { u32: width },
    'llama.feed_forward_length': { u32: width },
    'llama.attention.head_count': { u32: 2 },
    'llama.attention.head_count_kv': { u32: 1 },
    'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
  };
  return writeGguf({ ...keys, ...metadata }, tensors);
}

/** The parts of a tokenizer.json that its keys are made of. */
export interface PublishedBpe {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
  };
}

/** The keys of a published BPE: by merges, or as SentencePiece has it, by scores. */
export function tokenizerKeys(
  { added_tokens, model }: PublishedBpe,
  kind: { readonly pre: string } | 'scores',
  begin?: number,
): Readonly<Record<string, Typed>> {
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content } of added_tokens) tokens[id] = content;
  const special = new Set(added_tokens.map(({ id }) => id));
  const types = tokens.map((token, id) => (special.has(id) ? 3 : /^<0x..>$/.test(token) ? 6 : 1));
  const ranks = new Map(model.merges.map(([left, right], rank) => [left + right, rank]));
  return {
    'tokenizer.ggml.model': { text: kind === 'scores' ? 'llama' : 'gpt2' },
    'tokenizer.ggml.tokens': { texts: tokens },
    'tokenizer.ggml.token_type': { i32s: types },
    ...(kind === 'scores'
      ? { 'tokenizer.ggml.scores': { f32s: tokens.map((token) => -(ranks.get(token) ?? 1e6)) } }
      : {
          'tokenizer.ggml.pre': { text: kind.pre },
          'tokenizer.ggml.merges': { texts: model.merges.map((pair) => pair.join(' ')) },
        }),
    ...(begin === undefined ? {} : { 'tokenizer.ggml.bos_token_id': { u32: begin } }),
  };
}
