// The parameters of latent attention, and their count beside a published model's.
import { expect, it } from 'vitest';
import { type LatentSizes, latentParameters } from '../../src/model/latent-parameters.ts';

const sizes: LatentSizes = {
  ...{ attention: 'latent', width: 12, heads: 2, headSize: 4, valueHeadSize: 3 },
  ...{ latentSize: 5, queryLatentSize: 0, ropeHeadSize: 2, latentNorm: true },
};

const shapesOf = (changes: Partial<LatentSizes>) =>
  Object.fromEntries(latentParameters({ ...sizes, ...changes }).map(({ name, shape }) => [name, shape]));

it('projects queries at once, and keys and values through the latent', () => {
  expect(shapesOf({})).toEqual({
    'attention.query': [12, 12],
    'attention.latentDown': [12, 5],
    'attention.latentNorm': [5],
    'attention.ropeKey': [12, 2],
    'attention.latentUp': [5, 14],
  });
});

it('compresses queries if asked, and leaves out norms and rotated parts', () => {
  expect(shapesOf({ queryLatentSize: 6, ropeHeadSize: 0 })).toMatchObject({
    'attention.queryDown': [12, 6],
    'attention.queryNorm': [6],
    'attention.queryUp': [6, 8],
  });
  const bare = shapesOf({ queryLatentSize: 6, ropeHeadSize: 0, latentNorm: false });
  expect(Object.keys(bare)).toEqual(
    ['queryDown', 'queryUp', 'latentDown', 'latentUp'].map((name) => `attention.${name}`),
  );
});

it('counts what a layer of DeepSeek-V2 has (config.json of deepseek-ai/DeepSeek-V2)', () => {
  const published = latentParameters({
    ...{ attention: 'latent', width: 5120, heads: 128, headSize: 128, valueHeadSize: 128 },
    ...{ latentSize: 512, queryLatentSize: 1536, ropeHeadSize: 64, latentNorm: true },
  });
  const count = published.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  // q_a, q_a_layernorm, q_b, kv_a_with_mqa, kv_a_layernorm, kv_b
  expect(count).toBe(5120 * 1536 + 1536 + 1536 * 128 * 192 + 5120 * (512 + 64) + 512 + 512 * 128 * 256);
});
