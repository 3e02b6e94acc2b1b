// A model for shorter texts: what depends on its context stays what it was.
import { expect, it } from 'vitest';
import { layerAttention } from '../../src/model/attention-config.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { countParameters } from '../../src/model/parameters.ts';
import { rotationOf } from '../../src/model/rotation.ts';
import { atContext, partAtContext } from '../../src/model/working-context.ts';

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
  const part = (name: string, first: number, count: number) =>
    partAtContext(model, { name, first, values: new Float32Array(count) })?.values.length;
  expect(part('positionEmbedding', 0, 256 * 16)).toBe(32 * 16);
  expect(part('positionEmbedding', 20 * 16, 256)).toBe(12 * 16);
  expect(part('positionEmbedding', 32 * 16, 256)).toBeUndefined();
  expect(part('tokenEmbedding', 0, 20 * 16)).toBe(20 * 16);
  expect(countParameters(model)).toBe(countParameters(modelOf({ position: 'learned', context: 32 })));
});

it('is the model itself where it is not shorter', () => {
  const model = modelOf({});
  expect(atContext(model, 256)).toBe(model);
  expect(atContext(model, 1000)).toBe(model);
});
