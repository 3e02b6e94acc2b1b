// Which layers have experts, what sizes follow, and which configurations are refused in what words.
import { expect, test } from 'vitest';
import { experimentValues, type ModelConfig, parseExperiment, parseModel } from '../../src/model/config.ts';
import { expertLayers } from '../../src/model/experts-config.ts';

const train = { steps: 1, batch: 2, optimizer: { learningRate: 0.01 }, schedule: { kind: 'constant' } };
const base = { layers: 6, width: 32, heads: 4, context: 16, experts: 8 };

function model(changes: Readonly<Record<string, unknown>>): ModelConfig {
  const parsed = parseModel({ ...base, ...changes });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.model;
}

test.each([
  [{}, [0, 1, 2, 3, 4, 5]],
  [{ denseLayers: 1 }, [1, 2, 3, 4, 5]],
  [{ moeInterval: 2 }, [1, 3, 5]],
  [{ denseLayers: 1, moeInterval: 2 }, [2, 4]],
  [{ denseLayers: 3, moeInterval: 3 }, [5]],
  [{ experts: 0 }, []],
])('%j has experts in layers %j', (changes, layers) => {
  expect(expertLayers(model(changes))).toEqual(layers);
});

test('an expert is as wide inside as the dense layer, and a shared one as an expert, unless said', () => {
  expect(model({})).toMatchObject({ hidden: 128, expertHidden: 128, sharedHidden: 128 });
  expect(model({ expertHidden: 24 })).toMatchObject({ hidden: 128, expertHidden: 24, sharedHidden: 24 });
  expect(model({ hidden: 40, sharedHidden: 8 })).toMatchObject({ expertHidden: 40, sharedHidden: 8 });
});

test('sizes that follow from others are automatic in the form', () => {
  const parsed = parseExperiment({
    model: { ...base, expertHidden: 24 },
    train,
    data: { source: 'stories' },
  });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  const values = experimentValues(parsed.experiment);
  expect([
    values.get('model.expertHidden'),
    values.get('model.sharedHidden'),
    values.get('model.hidden'),
  ]).toEqual([24, 0, 0]);
});

test.each([
  [{ expertsPerToken: 9 }, 'model.expertsPerToken: 9 is more than model.experts 8'],
  [{ experts: -1 }, 'model.experts: -1 is not a whole number from 0 to 256'],
  [{ experts: 257 }, 'model.experts: 257 is not a whole number from 0 to 256'],
  [{ expertsPerToken: 0 }, 'model.expertsPerToken: 0 is not a whole number from 1 to 64'],
  [{ denseLayers: 6 }, 'model.denseLayers: 6 leaves no layer of model.layers 6 for the experts'],
  [{ denseLayers: 4, moeInterval: 3 }, 'model.moeInterval: 3 is more than the 2 layers after the dense ones'],
  [{ routerScore: 'sigmoid', routerZLoss: 0.1 }, 'model.routerZLoss: 0.1 needs model.routerScore softmax'],
  [{ routerScore: 'hash' }, 'model.routerScore: "hash" is not one of softmax, sigmoid'],
])('%j is refused: %s', (changes, message) => {
  expect(() => model(changes)).toThrow(message);
});

test('without experts their fields are not held against each other', () => {
  expect(model({ experts: 0, expertsPerToken: 9, denseLayers: 99 }).experts).toBe(0);
});

test('a capacity of less than one token is refused with the least that is enough', () => {
  const parse = (capacityFactor: number) =>
    parseExperiment({
      model: { ...base, layers: 1, context: 8, experts: 256, expertsPerToken: 1, capacityFactor },
      train,
      data: { source: 'stories' },
    });
  const refused = parse(1);
  expect(refused).toMatchObject({ kind: 'problem' });
  if (refused.kind === 'problem') {
    expect(refused.problems[0]?.message).toBe(
      "model.capacityFactor: 1 gives an expert 0.0625 of a micro-batch's 16 tokens, less than one. Use 16 or more, or 0 for no limit.",
    );
  }
  expect(parse(16).kind).toBe('ok');
  expect(parse(0).kind).toBe('ok');
});
