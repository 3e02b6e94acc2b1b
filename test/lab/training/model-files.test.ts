// A model as files: there and back for both families, under the names it came with, and what is missing named.
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/data/safetensors.ts';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { readStored } from '../../../src/lab/plans/parameter-io.ts';
import {
  modelFileNames,
  parseJson,
  readModelFiles,
  writeGradients,
  writeModelFiles,
} from '../../../src/lab/training/model-files.ts';
import { inMemory } from '../../../src/lab/training/weight-files.ts';
import { initialiseParameters } from '../../../src/model/initialise.ts';
import { parameterSpecs } from '../../../src/model/parameters.ts';
import { fixtureBytes, fixtureModel } from '../../model/run-model.ts';
import { families, tinyExperiment } from './tiny-runs.ts';

const tokenizer = trainCharacterTokenizer('a small alphabet');

function tinyModel(family: keyof typeof families, changes = {}) {
  const { model } = tinyExperiment({ model: { ...families[family], ...changes, vocabulary: 12 } });
  const weights = new Map<string, Float32Array>();
  initialiseParameters(parameterSpecs(model), 5, (name, values) => weights.set(name, values));
  return { model, weights };
}

const reader =
  (files: readonly { readonly name: string; readonly bytes: Uint8Array }[]) => async (name: string) => {
    const file = files.find((one) => one.name === name);
    return file && inMemory(file.bytes);
  };

describe('model files', () => {
  it.each([
    ['gpt2', {}],
    ['gpt2', { bias: false }],
    ['gpt2', { activation: 'gelu' }],
    ['llama', {}],
    ['llama', { tiedHead: true }],
    ['llama', { position: 'learned' }], // neither family: our own layout
  ] as const)('of the %s family with %o come back the same', async (family, changes) => {
    const { model, weights } = tinyModel(family, changes);
    const files = writeModelFiles(model, weights, tokenizer);
    expect(files.map(({ name }) => name)).toEqual([
      ...Object.values(modelFileNames),
      ...['flopscope-tokenizer.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json'],
    ]);
    const read = await readModelFiles(reader(files));
    expect(await readStored(read.weights, parameterSpecs(model))).toEqual(weights);
    expect(read.tokenizer?.toJSON()).toEqual(tokenizer.toJSON());
    const { dropout: _, ...architecture } = model;
    expect(read.model).toMatchObject(architecture);
  });

  it.each(['gpt2-a', 'gpt2-b', 'llama-a', 'llama-b'])(
    'of %s are written with the numbers they were read with',
    async (folder) => {
      const { model, weights } = await fixtureModel(folder);
      const bytes = writeModelFiles(model, weights, undefined)[1]?.bytes ?? new Uint8Array();
      const [written, original] = [
        readSafetensors(bytes),
        readSafetensors(fixtureBytes(folder, 'model.safetensors')),
      ];
      const bare = (name: string) => name.replace(/^(transformer|model)\./, '');
      const byName = new Map([...written.tensors].map(([name, tensor]) => [bare(name), tensor]));
      expect(byName.size).toBe(original.tensors.size);
      for (const [name, tensor] of original.tensors) {
        expect(byName.get(bare(name))?.shape, name).toEqual(tensor.shape);
        expect(byName.get(bare(name))?.data(), name).toEqual(tensor.data());
      }
    },
  );

  it('keep names and shapes of the file for gradients', async () => {
    for (const folder of ['gpt2-a', 'gpt2-b', 'llama-a']) {
      const { model, weights, ...files } = await fixtureModel(folder);
      const gradients = readSafetensors(writeGradients(model, weights, files)).tensors;
      const expected = readSafetensors(fixtureBytes(folder, 'expected.safetensors')).tensors;
      expect([...gradients.keys(), 'logits'].sort()).toEqual([...expected.keys()].sort());
      for (const [name, { shape }] of gradients) expect(expected.get(name)?.shape, name).toEqual(shape);
    }
  });

  it('keep how tokens are drawn where they are written again', async () => {
    const { model, weights } = tinyModel('gpt2');
    const name = 'generation_config.json';
    const bytes = new TextEncoder().encode('{"eos_token_id": 2, "temperature": 0.6}');
    const files = writeModelFiles(model, weights, tokenizer).filter((file) => file.name !== name);
    const read = await readModelFiles(reader([...files, { name, bytes }]));
    const again = writeModelFiles(model, weights, read.tokenizer, read);
    expect(again.find((file) => file.name === name)?.bytes).toEqual(bytes);
    expect((await readModelFiles(reader(files))).generation).toBeUndefined();
    const large = { name, bytes: new Uint8Array(2 ** 20 + 1) };
    expect((await readModelFiles(reader([...files, large]))).generation).toBeUndefined();
  });

  it('that are missing are named', async () => {
    const { model, weights } = tinyModel('gpt2');
    const files = writeModelFiles(model, weights, tokenizer);
    for (const name of [modelFileNames.config, modelFileNames.weights]) {
      const some = files.filter((file) => file.name !== name);
      await expect(readModelFiles(reader(some))).rejects.toThrow(`there is no ${name}`);
    }
    const plain = await readModelFiles(reader(files.filter(({ name }) => !name.includes('tokenizer'))));
    expect(plain.tokenizer).toBeUndefined();
  });

  it('of another model are refused, naming the tensor', async () => {
    const [small, large] = [tinyModel('gpt2'), tinyModel('gpt2', { width: 20 })];
    const [config] = writeModelFiles(large.model, large.weights, tokenizer);
    const [, weights] = writeModelFiles(small.model, small.weights, tokenizer);
    if (!config || !weights) throw new Error('two files are expected');
    await expect(readModelFiles(reader([config, weights]))).rejects.toThrow(
      /is \[\d+.*config\.json makes it/,
    );
  });

  it('that are no JSON are refused with their name', () => {
    expect(() => parseJson('config.json', new TextEncoder().encode('{"a":'))).toThrow(
      /^config\.json: no JSON/,
    );
    expect(() => parseJson('config.json', Uint8Array.of(0xff, 0xfe))).toThrow(
      /^config\.json: no JSON: it is not UTF-8/,
    );
    const infinite = new TextEncoder().encode('{"a":\n -Infinity}');
    expect(() => parseJson('config.json', infinite)).toThrow(
      /no JSON: [^\n]+ -Infinity is no number in JSON/,
    );
  });

  it('lacking numbers for a parameter are not written', () => {
    const { model, weights } = tinyModel('gpt2');
    weights.delete('finalNorm');
    expect(() => writeModelFiles(model, weights, tokenizer)).toThrow('no numbers for finalNorm');
  });
});
