// A model in one GGUF file: what a model directory gives, with its weights left where they are.
import { ggufFaultName } from '../../data/gguf/fault.ts';
import { ggufTokenizer } from '../../data/gguf/tokenizer-json.ts';
import type { ByteSource } from '../../data/safetensors.ts';
import { publishedTokenizer } from '../../data/tokenizers/published.ts';
import { type GgufModel, openGgufModel } from '../../model/gguf/open.ts';
import { readPublishedConfig } from '../../model/huggingface/config.ts';
import { planImport } from '../../model/huggingface/import-plan.ts';
import { streamParameters } from '../../model/huggingface/weights.ts';
import type { ModelFiles } from './model-files.ts';
import type { FoundTokenizer } from './tokenizer-files.ts';
import { refuseGgufStandIn } from './weight-files.ts';

/** Reads a GGUF file but for its weights. @throws one clear sentence for what is wrong, or is not computed here */
export async function readGgufFile(source: ByteSource): Promise<ModelFiles> {
  await refuseGgufStandIn(source);
  const found = await openGgufModel(source);
  const { model, type, notes } = asGguf(() => readPublishedConfig(found.config));
  const { tensors } = found;
  asGguf(() => planImport(model, new Map([...tensors].map(([name, { shape }]) => [name, shape])), type));
  return {
    model,
    type,
    notes: [...notes.map(withoutFile), ...found.notes],
    weights: { forEachPart: (take) => streamParameters(model, tensors, take, type) },
    ...tokenizerOfFile(found),
    names: [...tensors.keys()],
  };
}

function tokenizerOfFile({ metadata }: GgufModel): FoundTokenizer {
  try {
    const found = ggufTokenizer(metadata);
    if (found) return { tokenizer: publishedTokenizer(found.json, found.settings) };
    return {
      tokenizer: undefined,
      tokenizerProblem: 'gguf: there is no tokenizer in the file, so text is unknown. Give token ids.',
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      tokenizer: undefined,
      tokenizerProblem: message.replace(/^tokenizer\.json: /, 'gguf: its tokenizer: '),
    };
  }
}

/** There is no config.json: what is said of it is said of the file's metadata, in the families' names. */
function asGguf<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== ggufFaultName) throw error;
    const renamed = new Error(withoutFile(error.message), { cause: error });
    renamed.name = ggufFaultName;
    throw renamed;
  }
}

function withoutFile(message: string): string {
  return message.replace(/^config\.json: /, 'gguf: in the names of config.json: ');
}
