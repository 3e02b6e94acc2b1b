// Tests of the experiment schema: defaults, derived sizes, and one readable sentence for everything that is wrong.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainAttention } from '../../src/model/attention-config.ts';
import { plainBlocks } from '../../src/model/block-config.ts';
import {
  type Experiment,
  experimentValues,
  nest,
  parseExperiment,
  parseModel,
  schemaVersion,
} from '../../src/model/config.ts';
import type { Field, NumericField } from '../../src/model/fields/kinds.ts';
import { experimentFields, fieldsByPath } from '../../src/model/fields/table.ts';
import { near } from '../near.ts';

const minimal = {
  model: { layers: 2, width: 128, heads: 4, context: 64 },
  train: { steps: 10, batch: 2, optimizer: { learningRate: 1e-3 } },
};

/** The minimal experiment with one value put at a path. */
function withValue(path: string, value: unknown): unknown {
  const copy: Record<string, unknown> = structuredClone({ ...minimal, data: {} });
  const keys = path.split('.');
  let section = copy;
  for (const key of keys.slice(0, -1)) {
    section[key] ??= {};
    section = section[key] as Record<string, unknown>;
  }
  section[keys[keys.length - 1]] = value;
  return copy;
}

function messages(value: unknown): string[] {
  const parsed = parseExperiment(value);
  return parsed.kind === 'ok' ? [] : parsed.problems.map(({ message }) => message);
}

function experimentOf(value: unknown): Experiment {
  const parsed = parseExperiment(value);
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  return parsed.experiment;
}

type Leaves<T, P extends string = ''> = {
  [K in keyof T & string]: T[K] extends object ? Leaves<T[K], `${P}${K}.`> : `${P}${K}`;
}[keyof T & string];
type Paths = (typeof experimentFields)[number]['path'];
type At<T, P extends string> = P extends `${infer K}.${infer R}`
  ? K extends keyof T
    ? At<T[K], R>
    : never
  : P extends keyof T
    ? T[P]
    : never;
type ValueOf<F> = F extends { kind: 'choice'; choices: readonly (infer C)[] }
  ? C
  : F extends { kind: 'boolean' }
    ? boolean
    : F extends { kind: 'pattern' }
      ? string
      : number;
type Mismatch = {
  [F in (typeof experimentFields)[number] as F['path']]: [ValueOf<F>, At<Experiment, F['path']>] extends [
    At<Experiment, F['path']>,
    ValueOf<F>,
  ]
    ? never
    : F['path'];
}[Paths];

test('the table of fields and the types of an experiment name the same settings with the same values', () => {
  // Checked by the compiler: each constant fails to compile when a field and the interface part ways.
  const allLeavesHaveFields: Exclude<Leaves<Experiment>, Paths> extends never ? true : false = true;
  const allFieldsAreLeaves: Exclude<Paths, Leaves<Experiment>> extends never ? true : false = true;
  const allValuesAgree: Mismatch extends never ? true : false = true;
  expect([allLeavesHaveFields, allFieldsAreLeaves, allValuesAgree]).toEqual([true, true, true]);
  const leaves = [...experimentValues(experimentOf(minimal)).entries()];
  expect(leaves.map(([path]) => path)).toEqual([...fieldsByPath.keys()]);
  for (const [path, value] of leaves) expect(typeof value, path).toBe(typeof fieldsByPath.get(path)?.default);
});

test('a minimal experiment gets every default and every derived size', () => {
  const { model, train, data } = experimentOf(minimal);
  expect(model).toEqual({
    layers: 2,
    width: 128,
    heads: 4,
    keyValueHeads: 4,
    headSize: 32,
    hidden: 512,
    context: 64,
    vocabulary: 0,
    norm: 'layerNorm',
    normEpsilon: near(1e-5),
    position: 'learned',
    ropeBase: 10000,
    activation: 'geluTanh',
    gated: false,
    bias: false,
    tiedHead: true,
    skipConnections: true,
    dropout: 0,
    ...plainAttention,
    valueHeadSize: 32,
    ...plainBlocks,
    experts: 0,
    expertsPerToken: 2,
    expertHidden: 512,
    sharedExperts: 0,
    sharedHidden: 512,
    denseLayers: 0,
    moeInterval: 1,
    routerScore: 'softmax',
    renormalize: true,
    routerScale: 1,
    balanceLoss: near(0.01),
    routerZLoss: 0,
    routerNoise: 0,
    routerBiasRate: 0,
    capacityFactor: 0,
  });
  expect(train.optimizer).toEqual({
    kind: 'adamw',
    learningRate: near(1e-3),
    beta1: near(0.9),
    beta2: near(0.99),
    epsilon: near(1e-8),
    weightDecay: near(0.1),
    momentum: near(0.9),
    matrixRate: 1,
    matrixScale: 'rms',
    decayExponent: near(0.8),
    minimumScale: near(1e-3),
    updateClip: 1,
  });
  expect(train).toMatchObject({ steps: 10, batch: 2, accumulation: 1, clip: 1, lossPositions: 'all' });
  expect(train).toMatchObject({ recompute: 'none', schedule: { decayFraction: near(0.2) } });
  expect(train.seeds).toEqual({ weights: 1, data: 1, dropout: 1 });
  expect(data).toMatchObject({ source: 'stories', tokenizer: 'characters', validationFraction: near(0.1) });
});

test.each([
  [96, 256],
  [128, 344],
  [192, 512],
  [1, 8],
])('a gated feed-forward layer of width %i is %i wide inside', (width, hidden) => {
  expect(
    experimentOf(withValue('model', { ...minimal.model, width, heads: 1, gated: true })).model.hidden,
  ).toBe(hidden);
});

test('parsing what was parsed changes nothing', () => {
  const once = experimentOf(withValue('model.gated', true));
  expect(experimentOf(once)).toEqual(once);
  expect(experimentOf(JSON.parse(JSON.stringify(once)))).toEqual(once);
});

test('sizes that follow from others are automatic in the form, so that they follow a change', () => {
  const values = experimentValues(experimentOf(minimal));
  expect(values.get('model.hidden')).toBe(0);
  values.set('model.width', 256);
  expect(experimentOf(nest(values)).model).toMatchObject({ width: 256, headSize: 64, hidden: 1024 });
  const fixed = experimentValues(experimentOf(withValue('model.hidden', 500)));
  expect(fixed.get('model.hidden')).toBe(500);
});

test.each([
  ['model.heads', 5, 'model.heads: 5 does not divide model.width 128. Use 4 or 8.'],
  ['model.heads', 200, 'model.heads: 200 does not divide model.width 128. Use 128.'],
  ['model.keyValueHeads', 3, 'model.keyValueHeads: 3 does not divide model.heads 4. Use 2 or 4.'],
  ['model.keyValueHeads', 8, 'model.keyValueHeads: 8 does not divide model.heads 4. Use 4.'],
  [
    'model.width',
    0,
    'model.width: 0 is not a whole number from 1 to 16384. Give a whole number from 1 to 16384, such as 128.',
  ],
  ['model.dropout', 1, 'model.dropout: 1 is not a number from 0 to 0.95. The default is 0.'],
  [
    'model.norm',
    'batchNorm',
    'model.norm: "batchNorm" is not one of layerNorm, rmsNorm. The default is layerNorm.',
  ],
  ['model.bias', 'yes', 'model.bias: "yes" is not true or false. The default is false.'],
  ['train.clip', null, 'train.clip: null is not a number from 0 to 1000000. The default is 1.'],
  ['model.layer', 2, 'model.layer: is not a setting. Did you mean layers?'],
  [
    'train.optimizer.learning_rate',
    1,
    'train.optimizer.learning_rate: is not a setting. Did you mean learningRate?',
  ],
  ['train.seeds', 7, 'train.seeds: 7 is not an object. Give one with weights, data, dropout.'],
  [
    'train.schedule.minimumLearningRate',
    0.1,
    'train.schedule.minimumLearningRate: 0.1 is above train.optimizer.learningRate 0.001. Use less, such as a tenth of it.',
  ],
])('%s %j is refused with a sentence', (path, value, message) => {
  expect(messages(withValue(path, value))).toEqual([message]);
});

test('rotary positions refuse an odd head size, given or derived', () => {
  const odd = { layers: 1, width: 40, heads: 8, context: 8, position: 'rope' };
  expect(messages(withValue('model', odd))).toEqual([
    'model.headSize: 5 (model.width 40 / model.heads 8) is odd, but rotary positions turn pairs. Use an even size.',
  ]);
  expect(messages(withValue('model', { ...odd, headSize: 7 }))[0]).toContain('model.headSize: 7 is odd');
  expect(messages(withValue('model', { ...odd, position: 'learned' }))).toEqual([]);
});

test('a head size of its own frees heads from dividing the width', () => {
  const parsed = experimentOf(
    withValue('model', { layers: 1, width: 24, heads: 5, headSize: 16, context: 8 }),
  );
  expect(parsed.model).toMatchObject({ heads: 5, headSize: 16, keyValueHeads: 5 });
});

const numeric: readonly NumericField[] = [...fieldsByPath.values()].filter(
  (field): field is NumericField => field.kind === 'integer' || field.kind === 'number',
);
test.each(numeric.map((field) => [field.path, field] as const))(
  '%s refuses what is no number in its bounds',
  (path, field) => {
    const step = field.kind === 'integer' ? 1 : 1e-13;
    const wrong = [
      field.maximum + Math.max(step, field.maximum * 1e-9),
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e300,
      -1,
      '4',
      true,
      [],
      {},
      null,
    ];
    const isAutomatic = field.automatic ?? false;
    if (field.minimum > 0 && !isAutomatic) wrong.push(0);
    if (field.kind === 'integer') wrong.push(field.minimum + 0.5);
    for (const value of wrong) {
      const found = messages(withValue(path, value));
      expect(found.length, String(value)).toBeGreaterThan(0);
      expect(found[0].startsWith(`${path}: `), found[0]).toBe(true);
    }
  },
);

test.each(experimentFields.filter((field: Field) => field.required).map(({ path }) => path))(
  '%s must be given',
  (path) => {
    expect(messages(withValue(path, undefined))).toEqual([expect.stringContaining(`${path}: is missing.`)]);
  },
);

test.each([undefined, null, 5, 'x', [], [1]])('an experiment that is %j is refused', (value) => {
  expect(messages(value).length).toBeGreaterThan(0);
});

test('a key named __proto__ is an unknown setting and changes no prototype', () => {
  const hostile = JSON.parse(
    '{"__proto__":{"polluted":1},"model":{"__proto__":{"layers":3},"constructor":1},"train":{}}',
  );
  const found = messages(hostile).join('\n');
  expect(found).toContain('__proto__: is not a setting.');
  expect(found).toContain('model.__proto__: is not a setting.');
  expect(found).toContain('model.constructor: is not a setting.');
  expect(found).toContain('model.layers: is missing.');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('inherited settings do not count as given', () => {
  expect(messages({ ...minimal, model: Object.create(minimal.model) })).toContainEqual(
    expect.stringContaining('model.layers: is missing.'),
  );
});

test('a hundred thousand unknown keys make twenty problems', () => {
  const model: Record<string, number> = {};
  for (let i = 0; i < 100_000; i++) model[`k${i}`] = i;
  const parsed = parseExperiment({ ...minimal, model });
  expect(parsed.kind === 'problem' && parsed.problems.length).toBe(20);
});

test('problems show strange text escaped and short', () => {
  const [message] = messages(withValue('model.norm', `\u001b[31m${'x'.repeat(1000)}`));
  expect(message).not.toContain('\u001b');
  expect(message.length).toBeLessThan(250);
});

test('a file may state the version of the schema, but not a newer one', () => {
  expect(messages({ ...minimal, version: schemaVersion })).toEqual([]);
  for (const version of [schemaVersion + 1, 0, '1', null]) {
    expect(messages({ ...minimal, version })[0]).toMatch(/^version: .* is not known here/);
  }
});

test('any JSON either parses or is refused with sentences, and never throws', () => {
  fc.assert(
    fc.property(
      fc.record({ model: fc.jsonValue(), train: fc.jsonValue(), data: fc.jsonValue() }),
      (value) => {
        for (const message of messages(value)) expect(message).toMatch(/^\S.*: .*\.$|\?$/s);
      },
    ),
    { numRuns: 200, seed: 1 },
  );
});

test('a model alone is read with the same rules', () => {
  const parsed = parseModel(minimal.model);
  expect(parsed.kind === 'ok' && parsed.model.headSize).toBe(32);
  const refused = parseModel({ ...minimal.model, heads: 5 });
  expect(refused.kind === 'problem' && refused.problems[0].path).toBe('model.heads');
});
