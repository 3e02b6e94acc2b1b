// A model as files: Hugging Face's config.json and model.safetensors, and our tokenizer file.
import { type WrittenDtype, writeSafetensors } from '../../data/safetensors.ts';
import {
  singleWeights,
  type WeightFile,
  type WeightFileOptions,
  wholeWeights,
  writeWeightFiles,
} from '../../data/safetensors-shards.ts';
import { standInText } from '../../data/stand-ins.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { chatFormatOf } from '../../data/tokenizers/chat.ts';
import type { ModelConfig } from '../../model/config.ts';
import { readPublishedConfig, writeHuggingFaceConfig } from '../../model/huggingface/config.ts';
import { configText } from '../../model/huggingface/config-json.ts';
import { planImport } from '../../model/huggingface/import-plan.ts';
import { exportParameters, streamParameters } from '../../model/huggingface/weights.ts';
import type { NamedArrays, StoredWeights } from '../plans/parameter-io.ts';
import { type FoundTokenizer, readTokenizer, tokenizerFiles } from './tokenizer-files.ts';
import { type OpenFile, openWeightFiles } from './weight-files.ts';

/** Names of the files of a model directory. */
export const modelFileNames = {
  config: 'config.json',
  weights: singleWeights,
} as const;

const generationName = 'generation_config.json';

/** Settings are a page of text; what is larger is none, and is left out. */
const generationLimitBytes = 2 ** 20;

/** How Transformers draws tokens unless told otherwise: as the page does. */
const generation = { do_sample: true, temperature: 1, max_new_tokens: 200 } as const;

/** The settings beside a tokenizer of ours: texts of most know no end, answers do. */
function generationText(tokenizer: Tokenizer | undefined): string {
  const chat = tokenizer && chatFormatOf(tokenizer);
  const id = (name: string) => chat?.added.get(chat.specials[name] ?? '');
  const ids = chat ? { bos_token_id: id('bos_token'), eos_token_id: id('eos_token') } : {};
  return `${JSON.stringify({ ...generation, ...ids }, null, 2)}\n`;
}

/** A model that was read from files. */
export interface ModelFiles extends FoundTokenizer {
  readonly model: ModelConfig;
  /** In their files; names and shapes are checked. */
  readonly weights: StoredWeights;
  /** Tensor names of the file, so that gradients can be written under the same ones. */
  readonly names: readonly string[];
  /** Their `generation_config.json` as it is, which is kept where the model is written again. */
  readonly generation?: Uint8Array<ArrayBuffer>;
  /** The files' `model_type`, under which the model can be written again. */
  readonly type: string;
  /** What a user should know of the configuration, a sentence each. */
  readonly notes: readonly string[];
}

/** Reads a model directory but for its weights. @throws one clear sentence for what is missing or wrong. */
export async function readModelFiles(open: OpenFile): Promise<ModelFiles> {
  const whole = async (name: string) => {
    const file = await open(name);
    return file?.read(0, file.bytes);
  };
  const config = await whole(modelFileNames.config);
  if (!config && (await open('adapter_config.json')))
    throw new Error(
      'model: this is an adapter to another model. In the command line, give that model, with --adapter and this directory.',
    );
  if (!config)
    throw new Error(`model: there is no ${modelFileNames.config}. Choose a directory that has one.`);
  const { model, type, notes } = readPublishedConfig(parseJson(modelFileNames.config, config));
  const tensors = await openWeightFiles(open);
  planImport(model, new Map([...tensors].map(([name, { shape }]) => [name, shape])), type);
  const settings = await open(generationName);
  const isKept = settings !== undefined && settings.bytes <= generationLimitBytes;
  return {
    model,
    type,
    notes,
    weights: { forEachPart: (take) => streamParameters(model, tensors, take, type) },
    ...(await readTokenizer(open)),
    names: [...tensors.keys()],
    ...(isKept ? { generation: new Uint8Array(await settings.read(0, settings.bytes)) } : {}),
  };
}

/** What a model keeps of the files that it came from. */
export type ModelOrigin = Partial<Pick<ModelFiles, 'type' | 'generation'>>;

/** The files of a model, for a directory or a download; of the type and with the settings that it came from if it can have them. */
export function writeModelFiles(
  model: ModelConfig,
  weights: NamedArrays,
  tokenizer: Tokenizer | undefined,
  origin: ModelOrigin = {},
): WeightFile[] {
  return [...modelFiles(model, weights, tokenizer, origin)];
}

/** The same one after the other, with numbers of the type and files of the size that are asked for. */
export function* modelFiles(
  model: ModelConfig,
  weights: NamedArrays,
  tokenizer: Tokenizer | undefined,
  { type, generation: own }: ModelOrigin = {},
  stored: WeightFileOptions = wholeWeights,
): Generator<WeightFile> {
  const tensors = exportParameters(model, (name) => arrayOf(weights, name), {
    content: 'weights',
    ...(type === undefined ? {} : { type }),
  });
  const config = { ...writeHuggingFaceConfig(model, type), dtype: dtypeNames[stored.dtype] };
  yield { name: modelFileNames.config, bytes: textBytes(configText(config)) };
  yield* writeWeightFiles(tensors, stored);
  yield* [
    ...(tokenizer ? tokenizerFiles(tokenizer, model.context) : []),
    // A published model has settings of its own, or they are not known here.
    ...(own !== undefined
      ? [{ name: generationName, bytes: own }]
      : tokenizer?.kind === 'published'
        ? []
        : [{ name: generationName, bytes: textBytes(generationText(tokenizer)) }]),
  ];
}

/** Types as a config.json names them: Transformers opens a model in that one. */
const dtypeNames: Readonly<Record<WrittenDtype, string>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Gradients in the layout and under the names of the file that the model came from. */
export function writeGradients(
  model: ModelConfig,
  gradients: NamedArrays,
  { names, type }: Pick<ModelFiles, 'names' | 'type'>,
): Uint8Array<ArrayBuffer> {
  return writeSafetensors(
    exportParameters(model, (name) => arrayOf(gradients, name), { content: 'gradients', names, type }),
  );
}

/** Parses a JSON file. @throws with the file's name. */
export function parseJson(name: string, bytes: Uint8Array): unknown {
  const standIn = standInText(name, bytes);
  if (standIn !== undefined) throw new Error(standIn);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${name}: no JSON: it is not UTF-8. Save it as UTF-8 text.`);
  }
  if (text.trim() === '') throw new Error(`${name}: no JSON: the file is empty.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
    const constant = /[:,[]\s*(-?Infinity|NaN)\b/.exec(text)?.[1];
    const advice = constant ? `${constant} is no number in JSON: give one, or null` : 'Check the file';
    throw new Error(`${name}: no JSON: ${why}. ${advice}.`);
  }
}

function arrayOf(arrays: NamedArrays, name: string): Float32Array {
  const array = arrays.get(name);
  if (!array) throw new Error(`model: no numbers for ${name}.`);
  return array;
}

function textBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
