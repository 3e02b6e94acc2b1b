// Whether a published model can be opened here, and what memory it takes, from its configuration alone.

import type { ModelConfig } from '../../model/config.ts';
import { readPublishedConfig } from '../../model/huggingface/config.ts';
import { countParameters } from '../../model/parameters.ts';
import { createModelTensors } from '../../model/tensors.ts';
import { atContext } from '../../model/working-context.ts';
import { baselineCapabilities } from '../../plan/kernel.ts';
import { inferenceMemory } from '../plans/inference-memory.ts';
import { recordInferencePlans } from '../plans/inference-plans.ts';
import { parseJson } from '../training/model-files.ts';

/** What writing one text takes. */
export interface Need {
  readonly parameters: number;
  /** Tokens of the text: the model's context, at most 1024. */
  readonly context: number;
  /** By the plans of sampling, with weights in f32. */
  readonly memoryBytes: number;
}

/** Contexts of published models are longer than most texts here. */
const usualContext = 1024;

/** A model that is computed here. */
export interface CheckedModel {
  readonly model: ModelConfig;
  readonly need: Need;
  /** What a person should know of it, a sentence each. */
  readonly notes: readonly string[];
}

/** Reads a config.json. @throws an Error that says what is not computed here */
export function checkModel(config: Uint8Array): CheckedModel {
  const { model, notes } = readPublishedConfig(parseJson('config.json', config));
  const context = Math.min(model.context, usualContext);
  const short = { ...atContext(model, context), dropout: 0 };
  const { maxBindingBytes } = baselineCapabilities;
  const plans = recordInferencePlans(createModelTensors(short, { maxBindingBytes, gradients: false }), {
    capabilities: baselineCapabilities,
  });
  const memoryBytes = inferenceMemory(plans).totalBytes;
  return { model, need: { parameters: countParameters(model), context, memoryBytes }, notes };
}
