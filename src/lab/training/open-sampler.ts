// A sampler of a model from files, with plans as large as what is asked of it.

import { createModelTensors } from '../../model/model-tensors.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import { atContext } from '../../model/working-context.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { checkCapacity } from '../plans/capacity.ts';
import type { Engine } from '../plans/engine.ts';
import { fitContext } from '../plans/fitting-context.ts';
import { checkInferenceMemory, samplingPlans } from '../plans/inference-memory.ts';
import { bucketLengths, type InferencePlans, recordInferencePlans } from '../plans/inference-plans.ts';
import { openModel, storedAtContext } from '../plans/open-model.ts';
import { LabError, stage } from '../plans/problem.ts';
import { withRunnableVariants } from '../plans/runnable-variants.ts';
import { Sampler } from '../sampling/sampler.ts';
import type { ModelFiles } from './model-files.ts';

/** What will be asked of a sampler. */
export interface SamplingNeeds extends InferenceFormats {
  readonly promptTokens: number;
  readonly maximumTokens: number;
  readonly useCache: boolean;
  /** Tokens to see at once, at most the model's context; as many as are asked for and fit, unless given. */
  readonly context?: number | undefined;
  /** Texts at the same time; 1 unless given. */
  readonly slots?: number;
}

/** A sampler that owns its runtime. */
export interface OpenSampler {
  readonly runtime: Runtime;
  readonly sampler: Sampler;
  readonly plans: InferencePlans;
  /** Tokens that it sees at once. */
  readonly context: number;
  /** Why these are fewer than would be needed; undefined where they are not. */
  readonly reason?: string;
}

/**
 * Opens a sampler for a prompt and so many tokens after it. Where the device has no room for all of them together, its
 * context is shorter; what is longer than the context goes on from its last half.
 * @throws LabError where nothing fits, or not the context that was asked for; nothing stays allocated then.
 */
export async function openSampler(
  engine: Engine,
  { model, weights }: Pick<ModelFiles, 'model' | 'weights'>,
  needs: SamplingNeeds,
): Promise<OpenSampler> {
  const { promptTokens, maximumTokens } = needs;
  if (needs.context !== undefined && needs.context > model.context) {
    const message = `sample: a context of ${needs.context} is more than the ${model.context} of the model. Use at most that.`;
    throw new LabError({ kind: 'invalidData', message });
  }
  await stage('tooLarge', () => checkCapacity(engine, model, 1, needs));
  const wanted = needs.context ?? Math.max(1, Math.min(model.context, promptTokens + maximumTokens));
  const open = async (context: number) => {
    const plans = await stage('tooLarge', () => recordSampling(engine, model, context, needs));
    checkInferenceMemory(engine, plans);
    const cut = storedAtContext(plans.model.config, weights);
    const runtime = await openModel(engine, samplingPlans(plans), plans.model, cut);
    return { runtime, plans };
  };
  const fitted = await withRunnableVariants(engine, async () =>
    needs.context === undefined ? fitContext(wanted, open) : { value: await open(wanted), context: wanted },
  );
  const { runtime, plans } = fitted.value;
  return {
    runtime,
    sampler: new Sampler(runtime, plans),
    plans,
    context: fitted.context,
    ...('reason' in fitted && fitted.reason !== undefined ? { reason: fitted.reason } : {}),
  };
}

/** The plans that serve what is asked, without a runtime. */
export function recordSampling(
  engine: Pick<Engine, 'capabilities' | 'variants'>,
  model: ModelFiles['model'],
  context: number,
  needs: SamplingNeeds,
): InferencePlans {
  const { promptTokens, maximumTokens, useCache, slots = 1 } = needs;
  const { weights = 'f32', unquantised = [], cache = 'f32' } = needs;
  const { maxBindingBytes } = engine.capabilities;
  const config = { ...atContext(model, context), dropout: 0 };
  const tensors = createModelTensors(config, { maxBindingBytes, gradients: false, weights, unquantised });
  // A cache takes the prompt, and when it is full the last half of the text; without one every length comes.
  const isOverrun = promptTokens + maximumTokens > context;
  const cached = [Math.min(promptTokens, context), ...(isOverrun ? [Math.max(1, context >> 1)] : [])];
  const prompts = useCache ? cached : bucketLengths(context);
  return recordInferencePlans(tensors, { ...engine, slots, prompts, cache });
}
