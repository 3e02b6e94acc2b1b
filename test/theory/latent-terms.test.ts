// Costs of latent attention beside hand-counted ones of DeepSeek-V2.
import { expect, it } from 'vitest';
import { absorbedAttentionFlops, latentParts } from '../../src/theory/latent-terms.ts';

const deepSeekV2 = {
  ...{ latentSize: 512, queryLatentSize: 1536, ropeHeadSize: 64, valueHeadSize: 128, hasNorms: true },
};

it('counts the projections of DeepSeek-V2', () => {
  const parts = latentParts({ width: 5120, heads: 128, headSize: 128 }, deepSeekV2);
  expect(parts).toEqual({
    weights: 5120 * 1536 + 1536 * 24_576 + 5120 * 576 + 512 * 32_768,
    values: 1536 + 24_576 + 576 + 32_768,
    keySize: 192,
    valueSize: 128,
    normed: 2048,
  });
});

it('counts queries that are not compressed, and no norms', () => {
  const latent = { ...deepSeekV2, queryLatentSize: 0, hasNorms: false };
  const parts = latentParts({ width: 2048, heads: 16, headSize: 128 }, latent);
  expect(parts.weights).toBe(2048 * 16 * 192 + 2048 * 576 + 512 * 16 * 256);
  expect(parts.normed).toBe(0);
});

it('makes an absorbed token read keys of 576 and values of 512 instead of 192 and 128', () => {
  expect(absorbedAttentionFlops(128, deepSeekV2, 1000)).toBe(2 * 1000 * 128 * (576 + 512));
});
