// Tests of addresses: short, the same experiment after reading, and harmless whatever they say.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Experiment,
  experimentValues,
  nest,
  parseExperiment,
  schemaVersion,
} from '../../src/model/config.ts';
import { addressLimit, experimentFromAddress, experimentToAddress } from '../../src/model/config-address.ts';
import type { Field, FieldValue } from '../../src/model/fields/kinds.ts';
import { experimentFields } from '../../src/model/fields/table.ts';
import { presets } from '../../src/model/presets/catalogue.ts';

function change(id: string, changes: Readonly<Record<string, FieldValue>>): Experiment {
  const base = parseExperiment(presets.find((preset) => preset.id === id)?.experiment);
  if (base.kind === 'problem') throw new Error('preset');
  const parsed = parseExperiment(
    nest(new Map([...experimentValues(base.experiment), ...Object.entries(changes)])),
  );
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  return parsed.experiment;
}

function read(address: string): { preset: string; experiment: Experiment; notices: readonly string[] } {
  const content = experimentFromAddress(address);
  if (content.kind === 'problem') throw new Error(content.message);
  return content;
}

test('a preset as it is needs its name and its seed only', () => {
  expect(experimentToAddress(change('nano', {}), 'nano')).toBe('v=1&preset=nano&seed=1');
});

test('an address carries what differs, and a size that follows another is not repeated', () => {
  const experiment = change('nano', { 'model.width': 192, 'train.clip': 0, 'model.bias': true });
  const address = experimentToAddress(experiment, 'nano');
  expect(address).toBe('v=1&preset=nano&seed=1&model.width=192&model.bias=true&train.clip=0');
  expect(read(`?${address}`)).toEqual({ kind: 'ok', preset: 'nano', experiment, notices: [] });
});

test('seeds that differ are written one by one', () => {
  const experiment = change('nano', { 'train.seeds.data': 9 });
  const address = experimentToAddress(experiment, 'nano');
  expect(address).toBe('v=1&preset=nano&train.seeds.weights=1&train.seeds.data=9&train.seeds.dropout=1');
  expect(read(address).experiment).toEqual(experiment);
  expect(read('preset=nano&train.seeds.data=9&seed=4').experiment.train.seeds).toEqual({
    weights: 4,
    data: 9,
    dropout: 4,
  });
});

test('any legal change of any field survives the address', () => {
  const independent = experimentFields.filter(
    ({ path }) =>
      !/heads|headSize|keyValue|width|learningRate|position$|gated/i.test(path) &&
      !/parallelBlocks|normPlacement|experts$|expertsPerToken|denseLayers|moeInterval|routerZLoss|capacityFactor|attention$|latent|positionPattern|ropeFraction|ropeScaling$/i.test(
        path,
      ),
  );
  const arbitraries = independent.map((field: Field): fc.Arbitrary<FieldValue> => {
    if (field.kind === 'boolean') return fc.boolean();
    if (field.kind === 'choice') return fc.constantFrom(...field.choices);
    if (field.kind === 'pattern') return fc.constantFrom('', ...field.letters);
    const { minimum, maximum: max } = field;
    const min = field.path === 'model.layers' ? 8 : minimum; // patterns and dense layers have to fit
    return field.kind === 'integer' ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true });
  });
  const changes = fc
    .tuple(...arbitraries)
    .map((values) => independent.map(({ path }, i) => [path, values[i]] as const));
  fc.assert(
    fc.property(fc.constantFrom(...presets.map(({ id }) => id)), changes, (id, entries) => {
      // Latent attention has no windows, no norms of queries and keys, no biases of theirs.
      const isLatent = id.startsWith('deepseek');
      const fits = ([path]: (typeof entries)[number]) =>
        !/windowPattern|queryKeyNorm|attentionSinks|qkvBias/.test(path);
      const experiment = change(id, Object.fromEntries(isLatent ? entries.filter(fits) : entries));
      const address = experimentToAddress(experiment, id);
      expect(address.length).toBeLessThan(addressLimit);
      expect(read(address)).toEqual({ kind: 'ok', preset: id, experiment, notices: [] });
    }),
    { numRuns: 100, seed: 1 },
  );
});

test.each([
  ['model.width=abc', 'model.width: "abc" is not a whole number'],
  ['model.width=', 'model.width: "" is not a whole number'],
  ['model.width=0x80', 'model.width: "0x80" is not'],
  ['model.width=99999999', 'model.width: 99999999 is not'],
  ['model.widht=8', 'address: model.widht is not a setting. Did you mean model.width?'],
  ['__proto__=1', 'address: __proto__ is not a setting.'],
  ['model.__proto__.x=1', 'is not a setting.'],
  ['constructor=1', 'is not a setting.'],
  ['model.bias=1', 'model.bias: "1" is not true or false'],
  ['model.heads=5', 'model.heads: 5 does not divide model.width 96. Use 4 or 6.'],
  ['model.width=100', 'model.heads: 3 does not divide model.width 100.'],
  ['preset=nope', 'address: no preset is called nope. Nano is used.'],
  ['train.clip=2&train.clip=3', 'address: train.clip is given twice. The first is used.'],
])('%s is left out with a notice', (query, notice) => {
  const { experiment, preset, notices } = read(query);
  expect(preset).toBe('nano');
  expect(notices).toEqual([expect.stringContaining(notice)]);
  expect(experiment.model).toEqual(change('nano', {}).model);
});

test('changes that fit are kept when another one is dropped', () => {
  const { experiment, notices } = read('preset=nano&model.heads=5&train.steps=77');
  expect(notices).toHaveLength(1);
  expect(experiment.train.steps).toBe(77);
  expect(experiment.model.heads).toBe(3);
});

test('changes that clash through a field that the address does not name are dropped, and it says so', () => {
  const lost = read('v=1&preset=small-llama&model.layers=2&model.attention=latent');
  expect(lost).toMatchObject({ experiment: { model: { layers: 6, attention: 'heads' } } });
  expect(lost.notices).toEqual([
    expect.stringMatching(/^model\.keyValueHeads: 2 shares keys and values/),
    'address: nothing else of it was taken; Small Llama is used.',
  ]);
});

test('an address of a newer version, or of none that can be read, is refused', () => {
  for (const version of [String(schemaVersion + 1), '0', '-1', '1.5', 'x', '', '99999999999']) {
    const content = experimentFromAddress(`v=${version}&preset=nano`);
    expect(content.kind).toBe('problem');
    expect(content.kind === 'problem' && content.message).toContain('Reload the page');
  }
});

test('an empty address is the first preset', () => {
  expect(read('')).toEqual({ kind: 'ok', preset: 'nano', experiment: change('nano', {}), notices: [] });
});

test('a huge address is not read, and many wrong keys make ten notices', () => {
  expect(read(`model.width=${'1'.repeat(10_000)}`).notices).toEqual([
    expect.stringContaining('longer than 4096'),
  ]);
  const keys = Array.from({ length: 200 }, (_, i) => `k${i}=1`).join('&');
  expect(read(keys).notices).toHaveLength(10);
});

test('any text at all is read without throwing', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom(...experimentFields.map(({ path }) => path)));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.string()), { maxLength: 8 }), (pairs) => {
      const content = experimentFromAddress(new URLSearchParams(pairs).toString());
      expect(['ok', 'problem']).toContain(content.kind);
    }),
    { numRuns: 300, seed: 2 },
  );
});

test('an unknown preset cannot be written', () => {
  expect(() => experimentToAddress(change('nano', {}), 'nope')).toThrow(
    'address: no preset is called nope. Use nano,',
  );
});
