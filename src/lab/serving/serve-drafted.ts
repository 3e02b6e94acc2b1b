// One text with drafts and without, from its plans to its figures.
import type { DraftedServing, ServingCase } from '../../contract/serving.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Engine } from '../plans/engine.ts';
import { checkInferenceMemory, inferenceMemory, samplingPlans } from '../plans/inference-memory.ts';
import { checkVocabulary, recordDrafting } from '../training/open-drafter.ts';
import { openSampler } from '../training/open-sampler.ts';
import { type DraftNeeds, recordSampling } from '../training/sampling-needs.ts';
import { measureDrafted, predictDrafted, randomPrompt } from './drafted.ts';
import { meanPosition } from './predict.ts';
import { needsOf, planServing, type ServedFiles } from './serve.ts';

/** Shares of accepted tokens for which drafts are predicted before any is known. */
const assumed = [0.5, 0.7, 0.9];

/**
 * Serves one text with drafts and without, or says what is to be expected.
 * @param prepare gets the plans of both models before they are predicted: to calibrate what they run
 * @throws LabError where the text does not fit, or the draft has another vocabulary
 */
export async function serveDrafted(
  engine: Engine,
  files: ServedFiles,
  served: ServingCase,
  options: InferenceFormats & {
    readonly repeats: number;
    readonly seed: number;
    readonly draft: DraftNeeds;
    /** Predicts only. */
    readonly dryRun: boolean;
    /** Texts to go on from, as long as the prompt is said to be; one of random tokens unless given. */
    readonly prompts?: readonly (readonly number[])[];
    /** Ends the text in hand. */
    readonly signal?: AbortSignal;
  },
  prepare: (plans: readonly Plan[]) => Promise<void> = async () => undefined,
): Promise<DraftedServing> {
  const { draft, repeats, seed } = options;
  await planServing(engine, files.model, served, options);
  // A check at the end of the text has rows behind it.
  const context = Math.min(files.model.context, served.prompt + served.output + draft.tokens);
  const needs = { ...needsOf(served, options), context, draft };
  const plans = recordSampling(engine, files.model, context, needs);
  checkVocabulary(draft.source, files);
  const draftPlans = recordDrafting(engine, draft, needs, context);
  checkInferenceMemory(engine, plans, draftPlans);
  await prepare([...samplingPlans(plans), ...(draftPlans ? samplingPlans(draftPlans) : [])]);
  const { weightBytes, cacheBytes } = inferenceMemory(plans);
  const draftBytes = draftPlans ? inferenceMemory(draftPlans).totalBytes : 0;
  const { profile } = engine;
  const predict = (acceptance: number, checkedShare = 1) => {
    if (!profile) return [];
    const at = { position: meanPosition(served), acceptance, checkedShare };
    return [{ ...predictDrafted(plans, draftPlans, profile, at), acceptance }];
  };
  const bytes = { weightBytes, cacheBytes, draftBytes };
  if (options.dryRun) return { ...bytes, predicted: assumed.flatMap((share) => predict(share)) };
  const opened = await openSampler(engine, files, needs);
  try {
    const { prompts = [randomPrompt(served.prompt, files.model.vocabulary, seed)], signal } = options;
    const greedy = { maximumTokens: served.output, temperature: 0, topK: 0, topP: 1, seed };
    const cancellable = signal ? { ...greedy, signal } : greedy;
    const measured = await measureDrafted(opened, prompts, cancellable, repeats);
    return { ...bytes, measured, predicted: predict(measured.acceptance, measured.checkedShare) };
  } finally {
    opened.dispose();
  }
}
