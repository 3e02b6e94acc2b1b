// Whether a published model can be opened here, and what memory it takes, from its configuration alone.
import { inferenceMemory } from '../../lab/plans/inference-memory.ts';
import { recordInferencePlans } from '../../lab/plans/inference-plans.ts';
import { parseJson } from '../../lab/training/model-files.ts';
import { readPublishedConfig } from '../../model/huggingface/config.ts';
import { createModelTensors } from '../../model/model-tensors.ts';
import { countParameters } from '../../model/parameters.ts';
import { atContext } from '../../model/working-context.ts';
import { baselineCapabilities } from '../../plan/kernel.ts';

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

/** Reads a config.json. @throws an Error that says what is not computed here */
export function checkModel(config: Uint8Array): { readonly need: Need; readonly notes: readonly string[] } {
  const { model, notes } = readPublishedConfig(parseJson('config.json', config));
  const context = Math.min(model.context, usualContext);
  const short = { ...atContext(model, context), dropout: 0 };
  const { maxBindingBytes } = baselineCapabilities;
  const plans = recordInferencePlans(createModelTensors(short, { maxBindingBytes, gradients: false }), {
    capabilities: baselineCapabilities,
  });
  const memoryBytes = inferenceMemory(plans).totalBytes;
  return { need: { parameters: countParameters(model), context, memoryBytes }, notes };
}
