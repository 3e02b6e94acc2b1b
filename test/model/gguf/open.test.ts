// Tests of models in GGUF files before their weights are read: what is not whole, or not computed here, is refused in one line.
import { expect, test } from 'vitest';
import { inMemory } from '../../../src/lab/training/weight-files.ts';
import { openGgufModel } from '../../../src/model/gguf/open.ts';
import { type TinyGguf, tinyGguf } from '../../data/gguf/tiny-gguf.ts';
import type { WrittenTensor } from '../../data/gguf/write-gguf.ts';
import { near } from '../../near.ts';

test('a file says what config.json would, its floats of 32 bits in the fewest digits', async () => {
  const { config, tensors } = await openGgufModel(inMemory(tinyGguf()));
  expect(config).toMatchObject({
    model_type: 'llama',
    vocab_size: 40,
    hidden_size: 32,
    num_key_value_heads: 1,
    head_dim: 16,
    tie_word_embeddings: true,
    rms_norm_eps: near(1e-5),
  });
  expect([...tensors.keys()]).toContain('model.layers.0.self_attn.q_proj.weight');
});

test.each<readonly [file: string, options: TinyGguf, said: string]>([
  [
    'an unknown architecture',
    { metadata: { 'general.architecture': { text: 'mamba' } } },
    'the architecture "mamba" is not read. Read: ',
  ],
  ['a projector', { metadata: { 'general.type': { text: 'mmproj' } } }, 'it is of the type "mmproj"'],
  ['a part of several files', { metadata: { 'split.count': { u32: 3 } } }, 'it is one of 3 files. Join them'],
  [
    'a billion blocks',
    { metadata: { 'llama.block_count': { u32: 10 ** 9 } } },
    'it claims 1000000000 blocks and has 11 tensors',
  ],
  [
    'two blocks where there is one',
    { metadata: { 'llama.block_count': { u32: 2 } } },
    'tensor "blk.1.attn_norm.weight" is missing',
  ],
  [
    'a key that is not known',
    { metadata: { 'llama.attention.clamp_kqv': { f32: 8 } } },
    'llama.attention.clamp_kqv" "8" is not known and could change',
  ],
  [
    'a part of a head that turns',
    { metadata: { 'llama.rope.dimension_count': { u32: 4 } } },
    'llama.rope.dimension_count is 4 of a head of 16',
  ],
  [
    'an unknown rotation',
    { metadata: { 'llama.rope.scaling.type': { text: 'spiral' } } },
    '"spiral" is not computed here',
  ],
  [
    'layers that differ',
    { metadata: { 'llama.attention.head_count': { i32s: [2, 4] } } },
    'llama.attention.head_count is "2, 4"',
  ],
  [
    'no width',
    { metadata: { 'llama.embedding_length': { text: 'wide' } } },
    'llama.embedding_length is "wide", not a number',
  ],
  [
    'a type that is not read',
    { type: 'Q2_K', width: 256 },
    'is of the type Q2_K, which is not read. Fetch the model in F32, ',
  ],
  [
    'a tensor that is not known',
    { change: (tensors) => rename(tensors, 'blk.0.ffn_up.weight', 'blk.0.ssm_a.weight') },
    'tensor "blk.0.ssm_a.weight" is not known',
  ],
])('%s is refused in one line', async (_, options, said) => {
  const error = await openGgufModel(inMemory(tinyGguf(options))).catch((reason: Error) => reason);
  if (!(error instanceof Error)) throw new Error('it was read.');
  expect(error.message).toContain(said);
  expect(error.name).toBe('InvalidFileError');
  expect(error.message).not.toContain('\n');
});

function rename(tensors: Map<string, WrittenTensor>, from: string, to: string): boolean {
  const tensor = tensors.get(from);
  if (tensor) tensors.set(to, tensor);
  return tensors.delete(from);
}

test('takes a factor of 1 for what it is, and no other', async () => {
  const withScale = (scale: number) =>
    openGgufModel(inMemory(tinyGguf({ metadata: { 'llama.rope.scale_linear': { f32: scale } } })));
  expect((await withScale(1)).config.rope_scaling).toBeNull();
  await expect(withScale(4)).rejects.toThrow('llama.rope.scale_linear" "4" is not known');
});
