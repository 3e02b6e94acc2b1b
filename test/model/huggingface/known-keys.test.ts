// Every key that Transformers has for a family, at its default, is read without a word; what is written has the types it checks.
import { describe, expect, test } from 'vitest';
import { parseExperiment } from '../../../src/model/config.ts';
import {
  readHuggingFaceConfig,
  readPublishedConfig,
  writeHuggingFaceConfig,
} from '../../../src/model/huggingface/config.ts';
import { configText } from '../../../src/model/huggingface/config-json.ts';
import { smellsOfArithmetic } from '../../../src/model/huggingface/known-keys.ts';
import { findPreset, presets } from '../../../src/model/presets/catalogue.ts';
import { fixtureJson } from '../run-model.ts';
import { familyFixtures } from './family-fixtures.ts';

interface Key {
  /** Kinds that Transformers 5 takes; null for keys of older releases. */
  readonly types: readonly string[] | null;
  readonly default: unknown;
}

const known = fixtureJson<{
  readonly base: readonly string[];
  readonly families: Readonly<Record<string, Readonly<Record<string, Key>>>>;
}>('.', 'config-keys.json');

/** Keys of every configuration that say what is computed. */
const meaningful =
  /^(is_encoder_decoder|add_cross_attention|cross_attention_hidden_size|tie_.*|pruned_heads)$/;

describe.each(familyFixtures)('%s', (name) => {
  const given = fixtureJson<Readonly<Record<string, unknown>>>(name, 'config.json');
  const model = readHuggingFaceConfig(given);
  const written = writeHuggingFaceConfig(model, String(given.model_type));

  test('is read with anything in the keys of every configuration that do not say what is computed', () => {
    for (const key of known.base.filter((name) => !meaningful.test(name))) {
      for (const value of [3, 'x', { a: 1 }]) {
        const read = readPublishedConfig({ ...given, [key]: value });
        expect(read.notes, key).toEqual([]);
        expect(read.model, key).toEqual(model);
      }
    }
  });

  test('is read with every other key of Transformers at its default', () => {
    const keys = known.families[String(given.model_type)] ?? {};
    for (const [key, { default: value }] of Object.entries(keys)) {
      if (key in given || key in written) continue;
      const read = readPublishedConfig({ ...written, [key]: value });
      expect(read.notes, key).toEqual([]);
      expect(read.model, key).toEqual(model);
    }
  });

  test('is written with the types that Transformers checks', () => {
    expectTypes(configText(written));
  });
});

test.each(presets.map(({ id }) => id))(
  'the preset %s is written with the types that Transformers checks',
  (id) => {
    const parsed = parseExperiment(findPreset(id)?.experiment);
    if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
    for (const changes of [{}, { balanceLoss: 0, routerScale: 1, logitSoftcap: 30, dropout: 0 }])
      expectTypes(
        configText(writeHuggingFaceConfig({ ...parsed.experiment.model, vocabulary: 11, ...changes })),
      );
  },
);

/** Holds each number of a text against the kinds that Transformers takes for its key: JSON alone has one kind of number. */
function expectTypes(text: string): void {
  const json = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const keys = known.families[String(json.model_type)];
  if (keys === undefined) return;
  for (const [, key = '', value = ''] of text.matchAll(/^ {2}"(\w+)": ([^\n{[]+?),?$/gm)) {
    const types = keys[key]?.types;
    if (!types) continue;
    const kind =
      value === 'null'
        ? 'null'
        : /^"/.test(value)
          ? 'str'
          : /^[tf]/.test(value)
            ? 'bool'
            : /[.e]/.test(value)
              ? 'float'
              : 'int';
    expect(types, `${key} ${value}`).toContain(kind);
  }
}

test.each([
  ['embed_multiplier', true],
  ['useQKNorm', true],
  ['attn_soft_cap', true],
  ['rope_freqs', true],
  ['final_layer_scale', true],
  ['shared_expert_size', true],
  ['activation_sparsity', true],
  ['my_training_notes', false],
  ['license', false],
  ['contact', false],
  ['factory', false],
  ['normandy', false],
])('%s smells of arithmetic: %s', (key, does) => {
  expect(smellsOfArithmetic(key)).toBe(does);
});
