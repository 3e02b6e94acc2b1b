// What will be asked of a sampler, and the plans that serve it.
import type { Tokenizer } from '../../data/tokenizer.ts';
import { createModelTensors } from '../../model/tensors.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import { atContext } from '../../model/working-context.ts';
import type { Engine } from '../plans/engine.ts';
import { bucketLengths, type InferencePlans, recordInferencePlans } from '../plans/inference-plans.ts';
import type { ModelFiles } from './model-files.ts';

/** A model that drafts. */
export type DraftModel = Pick<ModelFiles, 'model' | 'weights'> & {
  readonly tokenizer?: Tokenizer | undefined;
};

/** Who drafts, and how many tokens at a time. */
export interface DraftNeeds {
  readonly source: 'ngram' | DraftModel;
  /** 1 to `mostDrafted`. */
  readonly tokens: number;
}

/** What will be asked of a sampler. */
export interface SamplingNeeds extends InferenceFormats {
  readonly promptTokens: number;
  readonly maximumTokens: number;
  readonly useCache: boolean;
  /** Tokens to see at once, at most the model's context; as many as are asked for and fit, unless given. */
  readonly context?: number | undefined;
  /** Texts at the same time; 1 unless given. */
  readonly slots?: number;
  /** Who drafts tokens for the one text; nobody unless given. */
  readonly draft?: DraftNeeds;
  /** Tokens that may be taken back together, of a model that drafts; 1 unless given. */
  readonly retractable?: number;
}

/** The plans that serve what is asked, without a runtime. */
export function recordSampling(
  engine: Pick<Engine, 'capabilities' | 'variants'>,
  model: ModelFiles['model'],
  context: number,
  needs: SamplingNeeds,
): InferencePlans {
  const { promptTokens, maximumTokens, useCache, slots = 1 } = needs;
  const { weights = 'f32', unquantised = [], cache = 'f32', draft, retractable = 1 } = needs;
  const { maxBindingBytes } = engine.capabilities;
  const config = { ...atContext(model, context), dropout: 0 };
  const tensors = createModelTensors(config, { maxBindingBytes, gradients: false, weights, unquantised });
  // A cache takes the prompt, and when it is full the last half of the text; without one every length comes.
  const isOverrun = promptTokens + maximumTokens > context;
  const cached = [Math.min(promptTokens, context), ...(isOverrun ? [Math.max(1, context >> 1)] : [])];
  const prompts = useCache ? cached : bucketLengths(context);
  const checked = draft ? { checked: Math.min(draft.tokens + 1, context) } : {};
  return recordInferencePlans(tensors, { ...engine, slots, prompts, cache, retractable, ...checked });
}
