// Samplers of tiny models with several slots, for tests of texts in one batch.
import type { Engine } from '../../../src/lab/plans/engine.ts';
import { samplingPlans } from '../../../src/lab/plans/inference-memory.ts';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { freshWeights, openModel } from '../../../src/lab/plans/open-model.ts';
import type { SamplingOptions } from '../../../src/lab/sampling/options.ts';
import { Sampler } from '../../../src/lab/sampling/sampler.ts';
import { createModelTensors } from '../../../src/model/tensors.ts';
import type { CacheFormat } from '../../../src/plan/quantised-cache.ts';
import { families, tinyExperiment } from '../training/tiny-runs.ts';

/** Models that cache in different ways. */
export const batchModels = {
  'learned positions': families.gpt2,
  windows: { ...families.llama, windowPattern: 'LG', window: 5, queryKeyNorm: 'head' },
  latents: {
    ...families.llama,
    ...{
      attention: 'latent',
      latentSize: 12,
      headSize: 4,
      valueHeadSize: 6,
      ropeHeadSize: 4,
      keyValueHeads: 4,
    },
  },
  experts: { ...families.llama, experts: 4, expertsPerToken: 2 },
} as const;

/** A text as a test asks for it. */
export interface Asked {
  readonly prompt: readonly number[];
  readonly options: SamplingOptions;
}

const greedy: SamplingOptions = { maximumTokens: 12, temperature: 0, topK: 0, topP: 1, seed: 1 };

/** Prompts of different lengths with different settings, one of which outgrows a context of 24. */
export const texts: readonly Asked[] = [
  { prompt: [5, 3, 9], options: greedy },
  { prompt: [1], options: { ...greedy, temperature: 0.9, topK: 20, topP: 0.95, maximumTokens: 33 } },
  { prompt: [2, 4, 6, 8, 10, 12, 14], options: { ...greedy, temperature: 1.2, seed: 7, maximumTokens: 3 } },
  { prompt: [7, 7], options: { ...greedy, temperature: 0.7, topP: 0.8, seed: 3, maximumTokens: 18 } },
  { prompt: [11, 0, 11, 0, 11], options: { ...greedy, maximumTokens: 5 } },
];

/**
 * A sampler of a new model with a context of 24.
 * @param change changes weights by their names before they are written
 */
export async function batchSampler(
  engine: Engine,
  model: object,
  slots: number,
  change: (weights: ReadonlyMap<string, Float32Array>) => void = () => undefined,
  cache: CacheFormat = 'f32',
  checked = 0,
  retractable = 1,
) {
  const { model: config } = tinyExperiment({ model: { ...model, context: 24, vocabulary: 20 } });
  const { maxBindingBytes } = engine.capabilities;
  const tensors = createModelTensors(config, { maxBindingBytes, gradients: false });
  const plans = recordInferencePlans(tensors, { ...engine, slots, cache, checked, retractable });
  const weights = freshWeights(config, 3) as Map<string, Float32Array>;
  // Far from uniform, so that what is drawn depends on the text.
  for (const [name, values] of weights) if (!/orm/.test(name)) values.set(values.map((value) => 8 * value));
  change(weights);
  const runtime = await openModel(engine, samplingPlans(plans), tensors, weights);
  return { runtime, plans, sampler: new Sampler(runtime, plans) };
}

/** The tokens of each text, drawn together. */
export async function drawTogether(
  sampler: Sampler,
  asked: readonly Asked[],
): Promise<(readonly number[])[]> {
  const generations = await Promise.all(
    asked.map(({ prompt, options }) => sampler.generate(prompt, options)),
  );
  return generations.map(({ tokens }) => tokens);
}

/** The tokens of each text, drawn one after the other. */
export async function drawAlone(sampler: Sampler, asked: readonly Asked[]): Promise<(readonly number[])[]> {
  const tokens: (readonly number[])[] = [];
  for (const one of asked) tokens.push(...(await drawTogether(sampler, [one])));
  return tokens;
}
