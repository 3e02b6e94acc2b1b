// Who drafts for a sampler: n-grams of the text, or a second model beside the first, with plans and a runtime of its own.
import type { Runtime } from '../../runtime/runtime.ts';
import type { Engine } from '../plans/engine.ts';
import { samplingPlans } from '../plans/inference-memory.ts';
import type { InferencePlans } from '../plans/inference-plans.ts';
import { openModel, storedAtContext } from '../plans/open-model.ts';
import { LabError } from '../plans/problem.ts';
import { type Drafter, ModelDrafter, ngramDrafter } from '../sampling/drafters.ts';
import { type DraftModel, type DraftNeeds, recordSampling, type SamplingNeeds } from './sampling-needs.ts';

/** A drafter that owns what it computes with. */
export interface OpenDrafter {
  readonly drafter: Drafter;
  dispose(): void;
}

/** A drafter with the plans that were recorded for it. */
export async function openDrafter(
  engine: Engine,
  source: DraftNeeds['source'],
  plans: InferencePlans | undefined,
): Promise<OpenDrafter> {
  if (source === 'ngram' || !plans) return { drafter: ngramDrafter, dispose: () => undefined };
  const cut = storedAtContext(plans.model.config, source.weights);
  const runtime: Runtime = await openModel(engine, samplingPlans(plans), plans.model, cut);
  return { drafter: new ModelDrafter(runtime, plans), dispose: () => runtime.dispose() };
}

/** The plans of who drafts for a model that sees `context` tokens, without a runtime: in f32, for one text; none of n-grams. */
export function recordDrafting(
  engine: Pick<Engine, 'capabilities' | 'variants'>,
  { source, tokens }: DraftNeeds,
  { promptTokens, maximumTokens }: Pick<SamplingNeeds, 'promptTokens' | 'maximumTokens'>,
  context: number,
): InferencePlans | undefined {
  if (source === 'ngram') return undefined;
  const { model } = source;
  const shorter = Math.min(context, model.context);
  // What follows the first token that does not stay was run through the model too, but for the last one.
  const retractable = Math.max(1, tokens - 1);
  return recordSampling(engine, model, shorter, { promptTokens, maximumTokens, useCache: true, retractable });
}

/** @throws LabError where a token of one model is not the same token of the other */
export function checkVocabulary(draft: DraftNeeds['source'], target: Omit<DraftModel, 'weights'>): void {
  if (draft === 'ngram') return;
  const refuse = (message: string): never => {
    throw new LabError({
      kind: 'invalidData',
      message: `draft: ${message} Use a model with the same tokenizer.`,
    });
  };
  const [own, other] = [draft.model.vocabulary, target.model.vocabulary];
  if (own !== other) refuse(`its vocabulary has ${own} tokens, that of the model ${other}.`);
  const [a, b] = [draft.tokenizer, target.tokenizer];
  if (!a || !b) return; // token ids alone are all that is known
  if (a.vocabularySize !== b.vocabularySize)
    refuse(`its tokenizer has ${a.vocabularySize} tokens, that of the model ${b.vocabularySize}.`);
  for (let id = 0; id < a.vocabularySize; id++) {
    const [mine, theirs] = [a.decode([id], true), b.decode([id], true)];
    if (mine !== theirs)
      refuse(`token ${id} is ${JSON.stringify(mine)} to it and ${JSON.stringify(theirs)} to the model.`);
  }
}
