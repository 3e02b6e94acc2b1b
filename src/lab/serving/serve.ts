// One batch from its plans to its figures: memory checked, time predicted, served and measured.
import type { MeasuredServing, ServingCase, ServingRow } from '../../contract/serving.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import { costOf } from '../../plan/predict.ts';
import type { Engine } from '../plans/engine.ts';
import { checkInferenceMemory, inferenceMemory } from '../plans/inference-memory.ts';
import type { InferencePlans } from '../plans/inference-plans.ts';
import type { StoredWeights } from '../plans/parameter-io.ts';
import { LabError, stage } from '../plans/problem.ts';
import { openSampler } from '../training/open-sampler.ts';
import { type DraftModel, recordSampling, type SamplingNeeds } from '../training/sampling-needs.ts';
import { measureServing } from './measure.ts';
import { meanPosition, predictServing } from './predict.ts';

/** A model to serve. */
export interface ServedFiles extends Pick<DraftModel, 'tokenizer'> {
  readonly model: ModelConfig;
  readonly weights: StoredWeights;
}

/**
 * The plans that will serve a batch.
 * @throws LabError where texts outgrow the model's context or the batch does not fit the machine, before anything is allocated
 */
export async function planServing(
  engine: Pick<Engine, 'capabilities' | 'variants' | 'memoryBytes'>,
  model: ModelConfig,
  served: ServingCase,
  formats: InferenceFormats = {},
): Promise<InferencePlans> {
  const { prompt, output } = served;
  if (prompt + output > model.context) {
    throw new LabError({
      kind: 'invalidRequest',
      message:
        `serving: a prompt of ${prompt} and ${output} tokens after it are ${prompt + output}, more than the context of ` +
        `${model.context}. Ask for fewer.`,
    });
  }
  const needs = needsOf(served, formats);
  const plans = await stage('tooLarge', () => recordSampling(engine, model, prompt + output, needs));
  checkInferenceMemory(engine, plans);
  return plans;
}

/** What is known of a batch before it is served. */
export function rowOf(
  engine: Pick<Engine, 'profile'>,
  plans: InferencePlans,
  served: ServingCase,
): ServingRow {
  const { weightBytes, cacheBytes, totalBytes } = inferenceMemory(plans);
  const position = meanPosition(served);
  const costs = plans.decode.dispatches.map((dispatch) => costOf(dispatch, { position }));
  return {
    ...served,
    weightBytes,
    cacheBytes,
    totalBytes,
    decodeFlops: costs.reduce((sum, { usefulFlops }) => sum + usefulFlops, 0),
    decodeBytes: costs.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(engine.profile ? { predicted: predictServing(plans, served, engine.profile) } : {}),
  };
}

/** Serves a batch so many times. */
export async function serveBatch(
  engine: Engine,
  { model, weights }: Pick<ServedFiles, 'model' | 'weights'>,
  served: ServingCase,
  options: InferenceFormats & { readonly repeats: number; readonly seed: number },
): Promise<MeasuredServing> {
  const { repeats, seed } = options;
  const { sampler, dispose } = await openSampler(engine, { model, weights }, needsOf(served, options));
  try {
    return await measureServing(sampler, served, { repeats, seed, vocabulary: model.vocabulary });
  } finally {
    dispose();
  }
}

/** What a batch asks of a sampler. */
export function needsOf({ batch, prompt, output }: ServingCase, formats: InferenceFormats): SamplingNeeds {
  return {
    promptTokens: prompt,
    maximumTokens: output,
    useCache: true,
    slots: batch,
    context: prompt + output,
    ...(formats.weights ? { weights: formats.weights } : {}),
    ...(formats.unquantised ? { unquantised: formats.unquantised } : {}),
    ...(formats.cache ? { cache: formats.cache } : {}),
  };
}
