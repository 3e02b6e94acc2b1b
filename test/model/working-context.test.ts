// A model for shorter texts: what depends on its context stays what it was.
import { expect, it } from 'vitest';
import { layerAttention } from '../../src/model/attention-config.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { countParameters } from '../../src/model/parameters.ts';
import { rotationOf } from '../../src/model/rotation.ts';
import { atContext, weightsAtContext } from '../../src/model/working-context.ts';

function modelOf(changes: object) {
  const model = { layers: 2, width: 16, heads: 2, context: 256, vocabulary: 20, ...changes };
  const train = { steps: 1, batch: 1, optimizer: { learningRate: 1e-3 } };
  const parsed = parseExperiment({ model, train, data: {} });
  if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.problems));
  return parsed.experiment.model;
}

it.each([
  {},
  { ropeScaling: 'linear' },
  { ropeScaling: 'ntk' },
  { ropeScaling: 'yarn', ropeOriginalContext: 64 },
  { ropeScaling: 'llama3', ropeOriginalContext: 64 },
  { ropeScaling: 'llama3' },
])('rotates as before with %j', (scaling) => {
  const model = modelOf({ position: 'rope', ...scaling });
  expect(rotationOf(atContext(model, 32), 'global')).toEqual(rotationOf(model, 'global'));
});

it('keeps a window and the base of local layers', () => {
  const model = modelOf({ position: 'rope', windowPattern: 'LG', window: 64, localRopeBase: 500 });
  expect(layerAttention(atContext(model, 32), 0)).toMatchObject({ window: 32, hasLocalRope: true });
  expect(layerAttention(atContext(model, 100), 0)).toMatchObject({ window: 64, isLocal: true });
});

it('leaves out learned positions past it, and nothing else', () => {
  const model = atContext(modelOf({ position: 'learned' }), 32);
  const weights = new Map([
    ['positionEmbedding', new Float32Array(256 * 16)],
    ['tokenEmbedding', new Float32Array(20 * 16)],
  ]);
  const cut = weightsAtContext(model, weights);
  expect(cut.get('positionEmbedding')).toHaveLength(32 * 16);
  expect(cut.get('tokenEmbedding')).toBe(weights.get('tokenEmbedding'));
  expect(countParameters(model)).toBe(countParameters(modelOf({ position: 'learned', context: 32 })));
});

it('is the model itself where it is not shorter', () => {
  const model = modelOf({});
  expect(atContext(model, 256)).toBe(model);
  expect(atContext(model, 1000)).toBe(model);
});
