// Rotary positions of config.json: every kind has the frequencies and the amplitude of Transformers, and is written as it was read.
import { expect, test } from 'vitest';
import { parseModel } from '../../../src/model/config.ts';
import { readHuggingFaceConfig, writeHuggingFaceConfig } from '../../../src/model/huggingface/config.ts';
import { rotationOf } from '../../../src/model/rotation.ts';
import { fixtureJson } from '../run-model.ts';

interface Case {
  readonly name: string;
  /** Tokens of the sequence. */
  readonly length: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly frequencies: readonly number[];
  readonly amplitude: number;
}

const cases = fixtureJson<Case[]>('.', 'rotations.json').map((row) => [row.name, row] as const);

test.each(cases)('%s turns as in Transformers', (_, { config, length, frequencies, amplitude }) => {
  // The longest contexts are beyond what a plan is made for; what turns depends on nothing else.
  const context = Math.min(length, 65_536);
  const given = readHuggingFaceConfig({
    ...config,
    max_position_embeddings: Math.min(Number(config.max_position_embeddings), 65_536),
  });
  const found = rotationOf({ ...given, context }, 'global');
  expect(found.amplitude).toBeCloseTo(amplitude, 12);
  expect(found.frequencies).toHaveLength(frequencies.length);
  frequencies.forEach((turn, i) => {
    expect(Math.abs((found.frequencies[i] ?? 0) / turn - 1), `pair ${i}`).toBeLessThan(1e-12);
  });
});

test.each(cases)('%s is written as it was read', (_, { config }) => {
  const model = readHuggingFaceConfig({
    ...config,
    max_position_embeddings: Math.min(Number(config.max_position_embeddings), 65_536),
  });
  const written = writeHuggingFaceConfig(model);
  expect(written).toMatchObject({ model_type: 'llama' });
  expect(written).not.toHaveProperty('flopscope');
  expect(readHuggingFaceConfig(written)).toEqual(model);
});

test('a factor is never lost where a context stays within what was trained', () => {
  const parsed = parseModel({
    ...{ layers: 1, width: 8, heads: 1, context: 16, vocabulary: 7, norm: 'rmsNorm', position: 'rope' },
    ...{ activation: 'silu', gated: true, tiedHead: false, normEpsilon: 1e-6 },
    ...{ ropeScaling: 'dynamic', ropeScalingFactor: 4, ropeOriginalContext: 16 },
  });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  expect(writeHuggingFaceConfig(parsed.model).rope_scaling).toEqual({ rope_type: 'dynamic', factor: 4 });
});

test('an empty rotation is none, and what says where weights come from is passed over', () => {
  const [config] = cases.map(([, { config: of }]) => of);
  const read = (scaling: object) =>
    readHuggingFaceConfig({
      ...config,
      rope_parameters: undefined,
      rope_theta: 10000,
      rope_scaling: scaling,
    });
  expect(read({}).ropeScaling).toBe('none');
  const yarn = { type: 'yarn', factor: 4, original_max_position_embeddings: 8 };
  expect(read({ ...yarn, finetuned: true })).toEqual(read(yarn));
});
