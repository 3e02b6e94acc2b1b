// Timing of batches on the reference loops: all figures are there, and a text that ends early is no figure.
import { expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { measureServing } from '../../../src/lab/serving/measure.ts';
import { batchModels, batchSampler } from '../sampling/batch-models.ts';

const served = { batch: 3, prompt: 4, output: 6 };
const repeats = { repeats: 2, seed: 1, vocabulary: 20 };

it('a batch has a rate, a first token, a time between tokens and a spread', async () => {
  const { sampler } = await batchSampler(cpuEngine(), batchModels.windows, 3);
  const figures = await measureServing(sampler, served, repeats);
  expect(Object.values(figures).every(Number.isFinite)).toBe(true);
  expect(figures.tokensPerSecond).toBeGreaterThan(0);
  expect(figures.firstTokenSeconds).toBeGreaterThan(0);
  expect(figures.betweenTokensSeconds).toBeGreaterThan(0);
  // Of so few repeats the rate is that of its parts: 18 tokens after three prompts and five steps.
  const least = figures.firstTokenSeconds + 5 * figures.betweenTokensSeconds;
  expect(18 / figures.tokensPerSecond).toBeGreaterThan(least / 2);
});

it('a model whose logits are no numbers is not timed', async () => {
  const spoil = (weights: ReadonlyMap<string, Float32Array>) =>
    weights.get('tokenEmbedding')?.fill(Number.NaN);
  const { sampler } = await batchSampler(cpuEngine(), batchModels.windows, 3, spoil);
  await expect(measureServing(sampler, served, repeats)).rejects.toThrow('logits are not finite');
});
