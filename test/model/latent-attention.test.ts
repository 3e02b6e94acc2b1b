// Latent attention against PyTorch and against heads with the same matrices; decoding from the cache of latents.
import { describe, expect, it } from 'vitest';
import { recordInferencePlans } from '../../src/lab/inference-plans.ts';
import { recordTrainingPlans } from '../../src/lab/training-plans.ts';
import { cacheWidth } from '../../src/model/attention-config.ts';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import {
  decodeAndPrefill,
  drawWeights,
  exactEngine,
  expectNear,
  experimentOf,
  goldenLatents,
  lossesOf,
} from './run-latent.ts';
import { runModel } from './run-model.ts';

describe.each(goldenLatents.map((golden) => [golden.name, golden] as const))('latents: %s', (_, golden) => {
  const { model } = experimentOf(golden);
  const [rows = []] = golden.batches;
  const inputs = rows.map((row) => row.slice(0, -1));

  it('has the logits, the loss and the gradients of PyTorch', async () => {
    expect(parameterSpecs(model).map(({ name, shape }) => [name, shape])).toEqual(golden.parameters);
    const targets = rows.map((row) => row.slice(1));
    const found = await runModel(model, drawWeights(golden.parameters), { inputs, targets });
    expect(found.loss).toBeCloseTo(golden.loss, 6);
    expectNear(found.logits, golden.logits, 'logits', 1e-6);
    for (const [name, wanted] of Object.entries(golden.gradients))
      expectNear(found.gradients.get(name) ?? [], wanted, `∂${name}`, 1e-6);
  });

  it('learns as in PyTorch, and the same bit for bit when its blocks are computed again', async () => {
    const losses = await lossesOf(golden, exactEngine);
    expectNear(losses, golden.curve, 'losses', 1e-6);
    expect(await lossesOf(golden, exactEngine, { recompute: 'blocks' })).toEqual(losses);
  });

  it('decodes from latents to the logits of the whole sequence', async () => {
    const [sequence = []] = inputs;
    const weights = drawWeights(golden.parameters);
    const { decoded, prefilled, continued } = await decodeAndPrefill(model, weights, sequence, exactEngine);
    for (const [position, logits] of prefilled.entries()) {
      expectNear(decoded[position] ?? [], logits, `position ${position}`, 1e-6);
      if (position > 0) expectNear(continued[position - 1] ?? [], logits, `after ${position}`, 1e-6);
    }
  });
});

function configOf(changes: Readonly<Record<string, unknown>>): ModelConfig {
  const parsed = parseModel({
    ...{
      layers: 2,
      width: 12,
      heads: 3,
      context: 6,
      vocabulary: 11,
      hidden: 10,
      position: 'learned',
      bias: false,
    },
    ...changes,
  });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.model;
}

const rows = {
  inputs: [
    [1, 5, 9, 2, 10, 3],
    [4, 4, 0, 8, 2, 7],
  ],
  targets: [
    [5, 9, 2, 10, 3, 0],
    [4, 0, 8, 2, 7, 1],
  ],
};

describe('latents as wide as the model', () => {
  it.each(['learned', 'none'])('attend as heads with the same matrices, positions %s', async (position) => {
    const heads = configOf({ position });
    const latent = configOf({
      ...{ position, attention: 'latent', latentSize: 12, latentNorm: false, ropeHeadSize: 0 },
    });
    const specs = parameterSpecs(heads).map(({ name, shape }) => [name, shape] as const);
    const weights = drawWeights(specs);
    const split = new Map(weights);
    for (const layer of [0, 1]) {
      const prefix = `layers.${layer}.attention`;
      const qkv = weights.get(`${prefix}.qkv`) ?? new Float32Array();
      split.delete(`${prefix}.qkv`);
      const columns = (width: number, from: (column: number) => number) =>
        Float32Array.from(
          { length: 12 * width },
          (_, i) => qkv[Math.floor(i / width) * 36 + from(i % width)] ?? 0,
        );
      split.set(
        `${prefix}.query`,
        columns(12, (column) => column),
      );
      split.set(
        `${prefix}.latentDown`,
        Float32Array.from({ length: 144 }, (_, i) => (i % 13 === 0 ? 1 : 0)),
      );
      // Heads of 4: key and value of each side by side.
      split.set(
        `${prefix}.latentUp`,
        columns(24, (column) => {
          const [head, within] = [Math.floor(column / 8), column % 8];
          return within < 4 ? 12 + 4 * head + within : 24 + 4 * head + within - 4;
        }),
      );
    }
    const [ofHeads, ofLatents] = [await runModel(heads, weights, rows), await runModel(latent, split, rows)];
    expectNear(ofLatents.logits, ofHeads.logits, 'logits', 1e-12);
    for (const name of ['tokenEmbedding', 'layers.0.attention.projection', 'layers.1.ffn.expand'])
      expectNear(ofLatents.gradients.get(name) ?? [], ofHeads.gradients.get(name) ?? [], `∂${name}`, 1e-6);
  });
});

describe('the plans of latent attention', () => {
  const config = configOf({
    position: 'rope',
    attention: 'latent',
    latentSize: 7,
    ropeHeadSize: 4,
    context: 40,
  });
  const { train } = experimentOf(goldenLatents[0] as (typeof goldenLatents)[number]);
  const decode = () => {
    const { model } = recordTrainingPlans(config, train, { capabilities: baselineCapabilities });
    return recordInferencePlans(model, { capabilities: baselineCapabilities }).decode;
  };

  it('cache d_c + r values of a token and layer, and no more', () => {
    const caches = [...decode().persistent].filter(({ memoryClass }) => memoryClass === 'cache');
    const bytes = caches.reduce((sum, { elements }) => sum + 4 * elements, 0);
    expect(cacheWidth(config)).toBe(11);
    expect(bytes).toBe((7 + 4) * 4 * 40 * 2);
  });

  it('never expand latents for the context when they decode', () => {
    const largest = decode().slots.reduce((most, { bytes }) => Math.max(most, bytes), 0);
    const expanded = 40 * 3 * (4 + 4);
    expect(largest).toBeLessThan(expanded);
  });

  it('depend on earlier tokens only', async () => {
    const specs = parameterSpecs(config).map(({ name, shape }) => [name, shape] as const);
    const weights = drawWeights(specs);
    const base = await runModel(config, weights, rows);
    const inputs = rows.inputs.map((row) => row.map((token, i) => (i === 4 ? (token + 1) % 11 : token)));
    const moved = await runModel(config, weights, { ...rows, inputs });
    for (let row = 0; row < 2; row++) {
      const [start, changed, end] = [row * 66, row * 66 + 44, row * 66 + 66];
      expect(moved.logits.slice(start, changed)).toEqual(base.logits.slice(start, changed));
      expect(moved.logits.slice(changed, end)).not.toEqual(base.logits.slice(changed, end));
    }
  });
});
