// Whole models with quantised weights: they compute what the same numbers in f32 compute, in every family of products.
import { describe, expect, it } from 'vitest';
import { dequantise, quantise } from '../../../src/kernels/quantise.ts';
import { inspectModel } from '../../../src/lab/inside/inspection.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { inferenceMemory } from '../../../src/lab/plans/inference-memory.ts';
import { freshWeights } from '../../../src/lab/plans/open-model.ts';
import type { NamedArrays } from '../../../src/lab/plans/parameter-io.ts';
import { openSampler } from '../../../src/lab/training/open-sampler.ts';
import type { ModelConfig } from '../../../src/model/config.ts';
import { parameterSpecs } from '../../../src/model/parameters.ts';
import { weightFormatOf } from '../../../src/model/weight-format.ts';
import { quantisedMatrices } from '../../../src/plan/quantised.ts';
import { families, tinyExperiment } from '../training/tiny-runs.ts';
import { storedWeights } from './stored-weights.ts';

/** Every kind of product: tied and own heads, gated and plain, experts, shared experts, latents, windows. */
const models = {
  gpt2: families.gpt2,
  llama: { ...families.llama, windowPattern: 'LG', window: 3 },
  experts: { ...families.llama, experts: 4, expertsPerToken: 2, sharedExperts: 1 },
  latent: { ...families.llama, keyValueHeads: 4, attention: 'latent', latentSize: 12, ropeHeadSize: 4 },
} as const;

function configOf(kind: keyof typeof models): ModelConfig {
  const { model } = tinyExperiment({ model: { width: 40, hidden: 36, ...models[kind] } });
  return { ...model, vocabulary: 35, dropout: 0 };
}

/** The numbers that the formats keep of weights. */
function rounded(config: ModelConfig, weights: NamedArrays, format: 'int8' | 'int4'): NamedArrays {
  return new Map(
    parameterSpecs(config).map((spec) => {
      const values = weights.get(spec.name) ?? new Float32Array(0);
      if (weightFormatOf(spec, { weights: format }, config) === 'f32') return [spec.name, values];
      const source = { ...quantisedMatrices(format, spec), isTable: spec.isTable ?? false };
      return [spec.name, dequantise(quantise(spec.name, values, source), source)];
    }),
  );
}

const tokens = {
  batch: 2,
  time: 5,
  targetCount: 10,
  inputs: Uint32Array.of(1, 7, 34, 0, 3, 9, 2, 2, 30, 11),
  targets: Uint32Array.of(7, 34, 0, 3, 5, 2, 2, 30, 11, 6),
};

describe.each(Object.keys(models) as (keyof typeof models)[])('%s', (kind) => {
  it.each(['int8', 'int4'] as const)(
    'in %s has the loss and the tokens of its own numbers in f32',
    async (weights) => {
      const model = configOf(kind);
      const exact = freshWeights(model, 3);
      const files = { model, weights: storedWeights(exact, 100) };
      const same = { model, weights: storedWeights(rounded(model, exact, weights)) };
      const quantised = await inspectModel(cpuEngine(), files, tokens, { weights });
      const expected = await inspectModel(cpuEngine(), same, tokens, {});
      expect(Math.abs(quantised.loss - expected.loss)).toBeLessThan(1e-5);
      expect(quantised.weightBytes).toBeLessThan(expected.weightBytes);

      const prompt = [5, 3, 9];
      const needs = { promptTokens: 3, maximumTokens: 5, useCache: true };
      const options = { maximumTokens: 5, temperature: 0, topK: 0, topP: 1, seed: 1 };
      const opened = await openSampler(cpuEngine(), files, { ...needs, weights });
      const reference = await openSampler(cpuEngine(), same, needs);
      const { tokens: drawn } = await opened.sampler.generate(prompt, options);
      expect(drawn).toEqual((await reference.sampler.generate(prompt, options)).tokens);
      const memory = inferenceMemory(opened.plans);
      expect(memory.totalBytes).toBe(opened.runtime.allocatedBytes);
      expect(memory.weightBytes).toBeLessThan(inferenceMemory(reference.plans).weightBytes);
    },
  );
});
