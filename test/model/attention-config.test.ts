// Attention by configuration: what each layer sees, sizes that follow, and what is refused in one sentence.
import { describe, expect, it } from 'vitest';
import {
  cacheLength,
  cacheWidth,
  layerAttention,
  rotatedSize,
  scoreScale,
} from '../../src/model/attention-config.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { near } from '../near.ts';

const sizes = { layers: 6, width: 24, heads: 3, context: 16, vocabulary: 11 };
const train = { steps: 10, batch: 2, optimizer: { learningRate: 0.01 } };
const parse = (model: object) => parseExperiment({ model: { ...sizes, ...model }, train });

function modelOf(model: object) {
  const parsed = parse(model);
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment.model;
}

describe('layers', () => {
  it('follow the patterns, repeated', () => {
    const model = modelOf({ position: 'rope', window: 4, windowPattern: 'LLG', positionPattern: 'RN' });
    const layers = Array.from({ length: 6 }, (_, layer) => layerAttention(model, layer));
    expect(layers.map(({ window }) => window)).toEqual([4, 4, 16, 4, 4, 16]);
    expect(layers.map(({ isLocal }) => isLocal)).toEqual([true, true, false, true, true, false]);
    expect(layers.map(({ isRotary }) => isRotary)).toEqual([true, false, true, false, true, false]);
    expect(Array.from({ length: 6 }, (_, layer) => cacheLength(model, layer))).toEqual([4, 4, 16, 4, 4, 16]);
  });

  it('are global where the window is no shorter than the context', () => {
    const model = modelOf({ window: 16, windowPattern: 'L' });
    expect(layerAttention(model, 0)).toEqual({
      window: 16,
      isLocal: false,
      isRotary: false,
      hasLocalRope: false,
    });
  });
});

it('sizes follow', () => {
  const heads = modelOf({ position: 'rope', keyValueHeads: 1, ropeFraction: 0.5 });
  expect([rotatedSize(heads), cacheWidth(heads), scoreScale(heads)]).toEqual([4, 16, near(1 / Math.sqrt(8))]);
  const latent = modelOf({ position: 'rope', attention: 'latent', latentSize: 10, ropeHeadSize: 4 });
  expect([rotatedSize(latent), cacheWidth(latent), scoreScale(latent)]).toEqual([
    4,
    14,
    near(1 / Math.sqrt(12)),
  ]);
  expect(scoreScale(modelOf({ attentionScale: 0.25 }))).toEqual(near(0.25));
  const given = { attention: 'latent', latentSize: 10 };
  expect(modelOf({ ...given, position: 'rope' }).ropeHeadSize).toBe(4);
  expect(modelOf({ ...given, position: 'learned' }).ropeHeadSize).toBe(0);
});

describe('is refused', () => {
  const latent = { attention: 'latent', position: 'rope', latentSize: 10, ropeHeadSize: 4 };
  it.each([
    [{ window: 0 }, /^model\.window: 0 is not a whole number from 1/],
    [{ windowPattern: 'LX' }, /^model\.windowPattern: "LX" is not a word of the letters L and G/],
    [{ windowPattern: 'LLLLLLG' }, /^model\.windowPattern: LLLLLLG has 7 letters, more than model\.layers 6/],
    [{ positionPattern: 'RN' }, /^model\.positionPattern: N leaves out .*position is learned/],
    [{ position: 'rope', ropeFraction: 0.3 }, /^model\.ropeFraction: 0\.3 of heads of 8 rotates 2\.4/],
    [{ ...latent, latentSize: 60 }, /^model\.latentSize: 60 is more than the 48 channels/],
    [{ ...latent, queryLatentSize: 40 }, /^model\.queryLatentSize: 40 is more than the 36/],
    [{ ...latent, ropeHeadSize: 3 }, /^model\.ropeHeadSize: 3 is odd/],
    [{ ...latent, position: 'none' }, /^model\.ropeHeadSize: 4 is a rotated key's/],
    [{ ...latent, keyValueHeads: 1 }, /^model\.keyValueHeads: 1 shares keys and values/],
    [{ ...latent, queryKeyNorm: 'head' }, /^model\.queryKeyNorm: needs model\.attention heads/],
    [{ ...latent, qkvBias: 'on' }, /^model\.qkvBias: needs model\.attention heads/],
    [{ ...latent, windowPattern: 'L' }, /^model\.windowPattern: needs model\.attention heads/],
    [{ ...latent, width: 768, ropeHeadSize: 2 }, /^model\.ropeHeadSize: 2 with model\.headSize 256/],
  ])('%j', (model, message) => {
    const parsed = parse(model);
    const messages = parsed.kind === 'problem' ? parsed.problems.map((problem) => problem.message) : [];
    expect(messages.join('\n')).toMatch(new RegExp(message.source, 'm'));
  });
});
