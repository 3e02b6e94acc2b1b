// Every variant of attention with heads against PyTorch, and what must hold for any of them: no look ahead, caches like the whole.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordInferencePlans } from '../../src/lab/plans/inference-plans.ts';
import { cacheLength } from '../../src/model/attention-config.ts';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { createModelTensors } from '../../src/model/tensors.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { goldenAttention } from './golden-attention.ts';
import {
  decodeAndPrefill,
  drawWeights,
  exactEngine,
  expectNear,
  experimentOf,
  lossesOf,
} from './run-latent.ts';
import { runModel } from './run-model.ts';

describe.each(goldenAttention.map((golden) => [golden.name, golden] as const))('heads: %s', (_, golden) => {
  const { model } = experimentOf(golden);
  const [rows = []] = golden.batches;
  const inputs = rows.map((row) => row.slice(0, -1));
  const weights = drawWeights(golden.parameters);

  it('has the logits, the loss and the gradients of PyTorch', async () => {
    expect(parameterSpecs(model).map(({ name, shape }) => [name, shape])).toEqual(golden.parameters);
    const targets = rows.map((row) => row.slice(1));
    const found = await runModel(model, weights, { inputs, targets });
    expect(found.loss).toBeCloseTo(golden.loss, 6);
    expectNear(found.logits, golden.logits, 'logits', 1e-6);
    for (const [name, wanted] of Object.entries(golden.gradients))
      expectNear(found.gradients.get(name) ?? [], wanted, `∂${name}`, 1e-6);
  });

  it('decodes to the logits of the whole sequence, from a cache that its prefill filled', async () => {
    const [sequence = []] = inputs;
    const { decoded, prefilled, continued } = await decodeAndPrefill(model, weights, sequence, exactEngine);
    for (const [position, logits] of prefilled.entries()) {
      expectNear(decoded[position] ?? [], logits, `position ${position}`, 1e-9);
      if (position > 0) expectNear(continued[position - 1] ?? [], logits, `after ${position}`, 1e-9);
    }
  });
});

describe('training', () => {
  const trained = goldenAttention.filter(({ curve }) => curve.length > 0);

  it.each(trained.map((golden) => [golden.name, golden] as const))(
    'of %s learns as in PyTorch',
    async (_, golden) => {
      const losses = await lossesOf(golden, exactEngine);
      expectNear(losses, golden.curve, 'losses', 1e-5);
      expect(await lossesOf(golden, exactEngine, { recompute: 'blocks' })).toEqual(losses);
    },
  );
});

/** Any variant of attention with heads; layers that differ from each other. */
const variants = fc
  .record({
    position: fc.constantFrom('learned', 'rope', 'sinusoidal', 'none'),
    windowPattern: fc.constantFrom('', 'L', 'LG', 'GL', 'LLG'),
    window: fc.integer({ min: 1, max: 8 }),
    localRopeBase: fc.constantFrom(0, 30),
    positionPattern: fc.constantFrom('', 'RN', 'NR'),
    ropeFraction: fc.constantFrom(0.5, 1),
    ropeScaling: fc.constantFrom('none', 'linear', 'ntk'),
    queryKeyNorm: fc.constantFrom('none', 'head', 'all'),
    attentionSoftcap: fc.constantFrom(0, 2),
    attentionSinks: fc.boolean(),
    attentionScale: fc.constantFrom(0, 0.4),
    norm: fc.constantFrom('layerNorm', 'rmsNorm'),
    keyValueHeads: fc.constantFrom(1, 3),
    ...{ normOffset: fc.boolean(), bias: fc.boolean() },
  })
  .map(({ positionPattern, ...rest }) => ({
    ...rest,
    positionPattern: rest.position === 'rope' ? positionPattern : '',
  }));

function configOf(changes: Readonly<Record<string, unknown>>): ModelConfig {
  const sizes = { layers: 3, width: 9, heads: 3, headSize: 4, context: 7, vocabulary: 8, hidden: 5 };
  const parsed = parseModel({ ...sizes, ...changes });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.model;
}

const weightsOf = (config: ModelConfig) =>
  drawWeights(parameterSpecs(config).map(({ name, shape }) => [name, shape] as const));

describe('any variant', () => {
  it('decodes from its caches to the logits of the whole sequence', async () => {
    const sequence = [1, 5, 2, 2, 7, 0, 4];
    await fc.assert(
      fc.asyncProperty(variants, async (changes) => {
        const config = configOf(changes);
        const weights = weightsOf(config);
        const targets = [sequence];
        const { logits } = await runModel(config, weights, { inputs: [sequence], targets });
        const { decoded, continued } = await decodeAndPrefill(config, weights, sequence, exactEngine);
        expectNear(decoded.flat(), logits, 'decoded', 1e-9);
        expectNear(continued.flat(), logits.subarray(config.vocabulary), 'continued', 1e-9);
      }),
      { numRuns: 30 },
    );
  });

  it('does not look ahead: a later token changes no logit before it, to the last bit', async () => {
    const rows = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 7, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(variants, rows, fc.integer({ min: 0, max: 6 }), async (changes, row, place) => {
        const config = configOf(changes);
        const weights = weightsOf(config);
        const other = row.map((token, i) => (i === place ? (token + 1) % 8 : token));
        const logitsOf = async (tokens: number[]) =>
          (await runModel(config, weights, { inputs: [tokens], targets: [tokens] })).logits;
        const [before, after] = [await logitsOf(row), await logitsOf(other)];
        const kept = place * config.vocabulary;
        expect(after.subarray(0, kept)).toEqual(before.subarray(0, kept));
        expect(after.subarray(kept)).not.toEqual(before.subarray(kept));
      }),
      { numRuns: 30 },
    );
  });

  it('has caches as long as its layers see, and no longer', () => {
    fc.assert(
      fc.property(variants, (changes) => {
        const config = configOf(changes);
        const model = createModelTensors(config, { maxBindingBytes: 1 << 27, gradients: false });
        const { decode } = recordInferencePlans(model, { capabilities: baselineCapabilities });
        const caches = [...decode.persistent].filter(({ memoryClass }) => memoryClass === 'cache');
        const lengths = [0, 1, 2].map((layer) => cacheLength(config, layer));
        expect(caches.map(({ elements }) => elements)).toEqual(
          lengths.map((length) => length * 2 * 4 * config.keyValueHeads),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('sees as far as its windows reach through all layers, and no farther', async () => {
    const config = configOf({ position: 'rope', windowPattern: 'L', window: 2 });
    const weights = weightsOf(config);
    const logitsOf = async (first: number) => {
      const tokens = [first, 5, 2, 2, 7, 0, 4];
      return (await runModel(config, weights, { inputs: [tokens], targets: [tokens] })).logits;
    };
    const [before, after] = [await logitsOf(1), await logitsOf(3)];
    // Three layers of two tokens each: the first token reaches position 3.
    const changed = Array.from({ length: 7 }, (_, position) =>
      before.subarray(position * 8, position * 8 + 8).some((value, i) => value !== after[position * 8 + i]),
    );
    expect(changed).toEqual([true, true, true, true, false, false, false]);
  });
});
