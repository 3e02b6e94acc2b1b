// Latent attention against PyTorch and against heads with the same matrices; decoding from the cache of latents.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordInferencePlans } from '../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../src/lab/plans/training-plans.ts';
import { cacheWidth } from '../../src/model/attention-config.ts';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { baselineCapabilities, familyOf } from '../../src/plan/kernel.ts';
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

const shapes = {
  ...{ layers: fc.integer({ min: 1, max: 2 }), heads: fc.integer({ min: 1, max: 4 }) },
  headSize: fc.integer({ min: 2, max: 6 }),
  norm: fc.constantFrom('layerNorm', 'rmsNorm'),
  normPlacement: fc.constantFrom('pre', 'branch', 'hybrid', 'stream'),
  ...{ tiedHead: fc.boolean(), gated: fc.boolean() },
  attentionSoftcap: fc.constantFrom(0, 1.5),
};

/** The matrices of heads as those of latents as wide as the model, which are its own channels. */
function asLatents(
  { layers, width, heads, headSize }: ModelConfig,
  weights: ReadonlyMap<string, Float32Array>,
): Map<string, Float32Array> {
  const all = heads * headSize;
  const split = new Map(weights);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `layers.${layer}.attention`;
    const qkv = weights.get(`${prefix}.qkv`) ?? new Float32Array();
    const take = (columns: number, from: (column: number) => number) =>
      Float32Array.from(
        { length: width * columns },
        (_, i) => qkv[Math.floor(i / columns) * 3 * all + from(i % columns)] ?? 0,
      );
    const query = take(all, (column) => column);
    // Key and value of each head side by side.
    const latentUp = take(2 * all, (column) => {
      const [head, within] = [Math.floor(column / (2 * headSize)), column % (2 * headSize)];
      return all + head * headSize + (within < headSize ? within : within - headSize + all);
    });
    const latentDown = Float32Array.from({ length: width ** 2 }, (_, i) => (i % (width + 1) === 0 ? 1 : 0));
    split.delete(`${prefix}.qkv`);
    for (const [name, values] of Object.entries({ query, latentDown, latentUp }))
      split.set(`${prefix}.${name}`, values);
  }
  return split;
}

describe('any latent attention', () => {
  it('as wide as the model, without norm and rotated key, is that of heads with the same matrices', async () => {
    const position = fc.constantFrom('learned', 'none', 'sinusoidal');
    await fc.assert(
      fc.asyncProperty(fc.record({ ...shapes, position, width: fc.constantFrom(4, 6, 8) }), async (sizes) => {
        const width = Math.min(sizes.width, 2 * Math.floor(sizes.heads * sizes.headSize));
        const plain = { ...sizes, width: width - (width % 2) };
        const heads = configOf(plain);
        const sizesOfLatent = { latentSize: plain.width, latentNorm: false, ropeHeadSize: 0 };
        const latent = configOf({ ...plain, attention: 'latent', ...sizesOfLatent });
        const weights = drawWeights(parameterSpecs(heads).map(({ name, shape }) => [name, shape] as const));
        const ofHeads = await runModel(heads, weights, rows);
        const ofLatents = await runModel(latent, asLatents(heads, weights), rows);
        expectNear(ofLatents.logits, ofHeads.logits, 'logits', 1e-11);
        for (const [name, gradient] of ofLatents.gradients) {
          const wanted = ofHeads.gradients.get(name);
          if (wanted) expectNear(gradient, wanted, `∂${name}`, 1e-6);
        }
      }),
      { numRuns: 25, seed: 7 },
    );
  });

  it('decodes from its cache as the whole sequence attends', async () => {
    const latents = {
      latentSize: fc.integer({ min: 1, max: 8 }),
      ...{ queryLatentSize: fc.constantFrom(0, 4), ropeHeadSize: fc.constantFrom(2, 6) },
      ...{ valueHeadSize: fc.integer({ min: 4, max: 7 }), latentNorm: fc.boolean() },
    };
    await fc.assert(
      fc.asyncProperty(fc.record({ ...shapes, ...latents }), async (sizes) => {
        const config = configOf({ ...sizes, width: 8, attention: 'latent', position: 'rope' });
        const weights = drawWeights(parameterSpecs(config).map(({ name, shape }) => [name, shape] as const));
        const [sequence = []] = rows.inputs;
        const { decoded, prefilled } = await decodeAndPrefill(config, weights, sequence, exactEngine);
        for (const [at, logits] of prefilled.entries())
          expectNear(decoded[at] ?? [], logits, `position ${at}`, 1e-6);
      }),
      { numRuns: 25, seed: 8 },
    );
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
    const largest = decode().buffers.reduce((most, { bytes }) => Math.max(most, bytes), 0);
    const expanded = 40 * 3 * (4 + 4);
    expect(largest).toBeLessThan(expanded);
  });

  it.each([1, 8, 32])('are recorded for the largest sizes, in subgroups of %i', (lanes) => {
    const features = new Set(lanes > 1 ? ['subgroups'] : []);
    const capabilities = {
      ...baselineCapabilities,
      features,
      subgroupMinSize: lanes,
      subgroupMaxSize: lanes,
    };
    const sizes = { width: 384, heads: 2, headSize: 128, latentSize: 512, queryLatentSize: 320 };
    const largest = configOf({
      ...{ ...sizes, ropeHeadSize: 128, valueHeadSize: 256, position: 'rope', attention: 'latent' },
    });
    const { model, accumulate } = recordTrainingPlans(largest, train, { capabilities });
    const { decode } = recordInferencePlans(model, { capabilities });
    expect(accumulate.dispatches.map(({ kernel }) => familyOf(kernel.name))).toContain('latentPack.backward');
    const attention = decode.dispatches.find(({ kernel }) => familyOf(kernel.name) === 'attention.decode');
    expect(attention?.dims).toMatchObject({ heads: 2, keyValueHeads: 1, keySize: 640, valueSize: 512 });
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
