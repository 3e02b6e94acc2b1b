// A sampler of a model from files, with plans as large as what is asked of it.

import type { Runtime } from '../../runtime/runtime.ts';
import { checkCapacity } from '../plans/capacity.ts';
import type { Engine } from '../plans/engine.ts';
import { fitContext } from '../plans/fitting-context.ts';
import { checkInferenceMemory, samplingPlans } from '../plans/inference-memory.ts';
import type { InferencePlans } from '../plans/inference-plans.ts';
import { openModel, storedAtContext } from '../plans/open-model.ts';
import { LabError, stage } from '../plans/problem.ts';
import { withRunnableVariants } from '../plans/runnable-variants.ts';
import { Sampler } from '../sampling/sampler.ts';
import type { ModelFiles } from './model-files.ts';
import { checkVocabulary, openDrafter, recordDrafting } from './open-drafter.ts';
import { recordSampling, type SamplingNeeds } from './sampling-needs.ts';

/** A sampler that owns its runtime, and what drafts for it. */
export interface OpenSampler {
  readonly runtime: Runtime;
  readonly sampler: Sampler;
  readonly plans: InferencePlans;
  /** Of the model that drafts, where one does. */
  readonly draftPlans?: InferencePlans;
  /** Tokens that it sees at once. */
  readonly context: number;
  /** Why these are fewer than would be needed; undefined where they are not. */
  readonly reason?: string;
  dispose(): void;
}

/**
 * Opens a sampler for a prompt and so many tokens after it. Where the device has no room for all of them together, its
 * context is shorter; what is longer than the context goes on from its last half.
 * @throws LabError where nothing fits, or not the context that was asked for; nothing stays allocated then.
 */
export async function openSampler(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'> & Partial<Pick<ModelFiles, 'tokenizer'>>,
  needs: SamplingNeeds,
): Promise<OpenSampler> {
  const { promptTokens, maximumTokens } = needs;
  const { model, weights } = files;
  if (needs.context !== undefined && needs.context > model.context) {
    const message = `sample: a context of ${needs.context} is more than the ${model.context} of the model. Use at most that.`;
    throw new LabError({ kind: 'invalidData', message });
  }
  const { draft } = needs;
  if (draft) checkVocabulary(draft.source, files);
  await stage('tooLarge', () => checkCapacity(engine, model, 1, needs));
  const wanted = needs.context ?? Math.max(1, Math.min(model.context, promptTokens + maximumTokens));
  const open = async (context: number) => {
    const plans = await stage('tooLarge', () => recordSampling(engine, model, context, needs));
    const draftPlans =
      draft && (await stage('tooLarge', () => recordDrafting(engine, draft, needs, context)));
    checkInferenceMemory(engine, plans, draftPlans);
    const cut = storedAtContext(plans.model.config, weights);
    const runtime = await openModel(engine, samplingPlans(plans), plans.model, cut);
    try {
      const drafting = draft && (await openDrafter(engine, draft.source, draftPlans));
      return { runtime, plans, draftPlans, drafting };
    } catch (error) {
      runtime.dispose();
      throw error;
    }
  };
  const fitted = await withRunnableVariants(engine, async () =>
    needs.context === undefined ? fitContext(wanted, open) : { value: await open(wanted), context: wanted },
  );
  const { runtime, plans, draftPlans, drafting } = fitted.value;
  return {
    runtime,
    sampler: new Sampler(runtime, plans, drafting?.drafter),
    plans,
    ...(draftPlans ? { draftPlans } : {}),
    dispose: () => {
      drafting?.dispose();
      runtime.dispose();
    },
    context: fitted.context,
    ...('reason' in fitted && fitted.reason !== undefined ? { reason: fitted.reason } : {}),
  };
}
