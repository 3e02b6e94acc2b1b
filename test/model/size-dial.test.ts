// The size dial: proportions kept, parameters as asked, and never a configuration that the schema refuses.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ModelConfig, parseExperiment, parseModel } from '../../src/model/config.ts';
import { countParameters } from '../../src/model/parameters.ts';
import { findPreset, presets } from '../../src/model/presets/catalogue.ts';
import { scaledLayers, scaleExperiment, scaleModel, sizeFactors } from '../../src/model/size-dial.ts';
import { near } from '../near.ts';

function experimentOf(id: string) {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment;
}

const sizeOf = (model: ModelConfig) => countParameters({ ...model, vocabulary: model.vocabulary || 80 });
const cases = presets.flatMap(({ id }) => sizeFactors.map((factor) => [id, factor] as const));

describe('scaleModel', () => {
  it.each(cases)('%s at %d is legal and has about that many parameters', (id, factor) => {
    const { model } = experimentOf(id);
    const scaled = scaleModel(model, factor);
    expect(parseModel(scaled)).toEqual({ kind: 'ok', model: scaled });
    // Small models come in coarse steps.
    const tolerance = factor < 1 || sizeOf(model) < 50_000 ? 0.2 : 0.1;
    expect(Math.abs(Math.log(sizeOf(scaled) / sizeOf(model) / factor))).toBeLessThan(tolerance);
  });

  it.each(cases)('%s at %d keeps its proportions', (id, factor) => {
    const { model } = experimentOf(id);
    const scaled = scaleModel(model, factor);
    expect(scaled.heads / scaled.keyValueHeads).toEqual(near(model.heads / model.keyValueHeads));
    const share = (of: ModelConfig, key: 'hidden' | 'expertHidden' | 'latentSize') => of[key] / of.width;
    const latents = model.attention === 'latent' ? (['latentSize'] as const) : [];
    for (const key of ['hidden', 'expertHidden', ...latents] as const) {
      expect(Math.abs(Math.log(share(scaled, key) / share(model, key)))).toBeLessThan(0.15);
    }
    const shape = (of: ModelConfig) => (of.heads * of.headSize) / of.width;
    expect(Math.abs(Math.log(shape(scaled) / shape(model)))).toBeLessThan(0.1);
    for (const key of ['experts', 'expertsPerToken', 'context', 'window', 'windowPattern', 'norm'] as const) {
      expect(scaled[key]).toBe(model[key]);
    }
    expect(scaled.layers >= model.layers === factor >= 1 || scaled.layers === model.layers).toBe(true);
  });

  it('keeps whole repeats of a pattern of layers', () => {
    for (const factor of sizeFactors) {
      expect(scaleModel(experimentOf('gemma3-mini').model, factor).layers % 6).toBe(0);
      expect(scaleModel(experimentOf('smollm3-mini').model, factor).layers % 4).toBe(0);
    }
    expect(scaledLayers(experimentOf('gemma3-mini').model, 4)).toBe(24);
  });

  it('moves a scale of scores with the head, and the dense first layers with the depth', () => {
    const gemma = experimentOf('gemma3-mini').model;
    const larger = scaleModel(gemma, 4);
    const scaleTimesRoot = ({ attentionScale, headSize }: ModelConfig) =>
      attentionScale * Math.sqrt(headSize);
    expect(scaleTimesRoot(larger)).toBeCloseTo(scaleTimesRoot(gemma), 3);
    for (const factor of sizeFactors) {
      const { denseLayers, layers } = scaleModel(experimentOf('deepseek-v3-mini').model, factor);
      expect(denseLayers).toBeGreaterThan(0);
      expect(denseLayers).toBeLessThan(layers);
    }
  });

  it('is legal at any factor from 1/8 to 8', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...presets.map(({ id }) => id)),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (id, exponent) => {
          expect(parseModel(scaleModel(experimentOf(id).model, 2 ** exponent)).kind).toBe('ok');
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  });

  it('says so where no size is legal', () => {
    const { model } = experimentOf('nano');
    expect(() => scaleModel({ ...model, heads: 256, keyValueHeads: 256, headSize: 256 }, 1e9)).toThrow(
      /size: no legal model of 1000000000 times 4 layers/,
    );
  });
});

describe('scaleExperiment', () => {
  it('is a configuration whose automatic sizes stay automatic', () => {
    const json = scaleExperiment(experimentOf('nano'), 2) as { readonly model: ModelConfig };
    expect(json.model).toMatchObject({ hidden: 0, headSize: 0, keyValueHeads: 0 });
    expect(parseExperiment(json).kind).toBe('ok');
    expect(scaleExperiment(experimentOf('nano'), 1)).toMatchObject({ model: { width: 96, layers: 4 } });
  });
});
