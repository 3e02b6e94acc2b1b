// Tests of models in GGUF files: the model and the numbers of the same one's own files, and errors of those that are not whole.
import { expect, test } from 'vitest';
import { dequantise, readableTypes } from '../../../src/data/gguf/dequantise.ts';
import { ggufTypes } from '../../../src/data/gguf/types.ts';
import { readSafetensors } from '../../../src/data/safetensors.ts';
import { quantise, dequantise as unpackWords } from '../../../src/kernels/quantise.ts';
import { readStored } from '../../../src/lab/plans/parameter-io.ts';
import { readGgufFile } from '../../../src/lab/training/gguf-files.ts';
import { readModelFiles } from '../../../src/lab/training/model-files.ts';
import { inMemory } from '../../../src/lab/training/weight-files.ts';
import { arithmeticOf } from '../../../src/model/huggingface/computation.ts';
import { parameterSpecs } from '../../../src/model/parameters.ts';
import { quantisedMatrices } from '../../../src/plan/quantised.ts';
import { type TinyGguf, tinyGguf } from '../../data/gguf/tiny-gguf.ts';
import type { WrittenTensor } from '../../data/gguf/write-gguf.ts';
import { fixtureBytes, fixtureJson, type Rows, runModel } from '../../model/run-model.ts';

/** What files of llama.cpp cannot say of these models, so that they are compared without it. */
const unsaid: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  gemma2: { query_pre_attn_scalar: 8 },
  gemma3: { query_pre_attn_scalar: 8, layer_types: null },
  smollm3: { no_rope_layers: null, layer_types: null },
  starcoder2: { sliding_window: null },
};

const names = [
  ...[
    'llama-c',
    'llama3',
    'mixtral',
    'gpt2-a',
    'gpt-neox',
    'qwen2',
    'qwen3',
    'gemma2',
    'gemma3',
    'phi3',
    'olmo2',
  ],
  ...['starcoder2', 'granite', 'smollm3'],
];

/** The model of the family's own files, but for what a GGUF file does not say. */
async function published(name: string) {
  const config = { ...fixtureJson<object>(name, 'config.json'), ...unsaid[name] };
  const files = new Map([
    ['config.json', new TextEncoder().encode(JSON.stringify(config))],
    ['model.safetensors', fixtureBytes(name, 'model.safetensors')],
  ]);
  const read = await readModelFiles(async (file) => {
    const bytes = files.get(file);
    return bytes && inMemory(bytes);
  });
  return { ...read, arrays: await readStored(read.weights, parameterSpecs(read.model)) };
}

test.each(names)('%s.gguf is the model of its safetensors, number by number', async (name) => {
  const read = await readGgufFile(inMemory(fixtureBytes('gguf', `${name}.gguf`)));
  const { model, arrays } = await published(name);
  // Llama 3's rotation comes as factors of 32 bits.
  if (name !== 'llama3') expect(arithmeticOf(read.model)).toBe(arithmeticOf(model));
  const found = await readStored(read.weights, parameterSpecs(read.model));
  expect([...found.keys()]).toEqual([...arrays.keys()]);
  for (const [parameter, values] of found) {
    const expected = arrays.get(parameter) ?? new Float32Array();
    const off = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
    expect(off, parameter).toBeLessThan(1e-6);
  }
});

test.each(['llama-c', 'llama3', 'phi3', 'granite', 'gpt-neox'])(
  '%s.gguf has the logits of Transformers',
  async (name) => {
    const read = await readGgufFile(inMemory(fixtureBytes('gguf', `${name}.gguf`)));
    const weights = await readStored(read.weights, parameterSpecs(read.model));
    const { logits } = await runModel(read.model, weights, fixtureJson<Rows>(name, 'tokens.json'));
    const expected = readSafetensors(fixtureBytes(name, 'expected.safetensors'))
      .tensors.get('logits')
      ?.data();
    expect(logits.length).toBe(expected?.length);
    const off = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected?.[i] ?? 0))), 0);
    expect(off).toBeLessThan(1e-4);
  },
);

const attempt = (bytes: Uint8Array) => readGgufFile(inMemory(bytes));

test.each<readonly [file: string, options: TinyGguf, said: string]>([
  [
    'a width that is not that of the tensors',
    { metadata: { 'llama.embedding_length': { u32: 64 } } },
    'is [40, 32], ',
  ],
  [
    'a huge width',
    { metadata: { 'llama.embedding_length': { u32: 2 ** 31 } } },
    'gguf: in the names of config.json: hidden_size is 2147483648',
  ],
  [
    'a missing matrix',
    { change: (tensors) => tensors.delete('blk.0.ffn_up.weight') },
    'mlp.up_proj.weight is missing',
  ],
])('%s is refused in one line', async (_, options, said) => {
  const error = await attempt(tinyGguf(options)).catch((reason: Error) => reason);
  if (!(error instanceof Error)) throw new Error('it was read.');
  expect(error.message).toContain(said);
  expect(error.name).toBe('InvalidFileError');
  expect(error.message).not.toContain('\n');
});

test.each(readableTypes.filter((type) => !['F32', 'F16', 'BF16'].includes(type)))(
  'matrices in %s are those of their numbers',
  async (type) => {
    const read = await attempt(tinyGguf({ type, width: 256 }));
    expect(read.notes).toEqual([expect.stringContaining(`8 in ${type}`)]);
    const found = await readStored(read.weights, parameterSpecs(read.model));
    // The same file, its blocks unpacked before.
    const plain = await attempt(
      tinyGguf({
        type,
        width: 256,
        change: (tensors) => {
          for (const [name, tensor] of tensors) tensors.set(name, unpacked(tensor));
        },
      }),
    );
    expect(plain.notes).toEqual([]);
    const expected = await readStored(plain.weights, parameterSpecs(plain.model));
    // As bytes, which compare at once: numbers would be matched one by one, seconds a type.
    const bytesOf = (values = new Float32Array()) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    for (const [name, values] of found)
      expect(bytesOf(values).equals(bytesOf(expected.get(name))), name).toBe(true);
  },
);

function unpacked({ type, shape, bytes }: WrittenTensor): WrittenTensor {
  const of = [...ggufTypes.values()].find(({ name }) => name === type);
  if (!of) throw new Error(`${type} is no type.`);
  const values = dequantise(of, bytes);
  expect(values.every((value) => Number.isFinite(value))).toBe(true);
  return { type: 'F32', shape, bytes: new Uint8Array(values.slice().buffer) };
}

test.each(['Q4_0', 'Q4_1'])('int4 keeps the numbers of %s', async (type) => {
  const read = await attempt(tinyGguf({ type, width: 64 }));
  expect(read.notes).toEqual([
    expect.stringContaining(`Numbers in ${type} are kept exactly by --weights int4`),
  ]);
  const specs = parameterSpecs(read.model).filter(({ shape }) => shape.length === 2 && shape[0] > 2);
  const found = await readStored(read.weights, parameterSpecs(read.model));
  expect(specs.length).toBe(5);
  for (const { name, shape } of specs) {
    const values = found.get(name) ?? new Float32Array();
    const isTable = name === 'tokenEmbedding';
    const source = { ...quantisedMatrices('int4', { name, shape, isTable }), isTable };
    const kept = unpackWords(quantise(name, values, source), source);
    const off = values.reduce((most, value, i) => Math.max(most, Math.abs(value - kept[i])), 0);
    expect(off, name).toBeLessThan(1e-9);
  }
});

test.each([
  [
    'version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 77\n',
    /^gguf: it is a Git LFS pointer to a file of 77 bytes/,
  ],
  ['Access to this model is restricted.', /^gguf: it is text, not a GGUF file, and begins "Access to this/],
])('%j in its place is named', async (text, message) => {
  await expect(attempt(new TextEncoder().encode(text))).rejects.toThrow(message);
});
