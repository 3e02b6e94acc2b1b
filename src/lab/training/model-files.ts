// A model as files: Hugging Face's config.json and model.safetensors, and our tokenizer file.
import { readSafetensors, writeSafetensors } from '../../data/safetensors.ts';
import { TOKENIZER_FILE_NAME, type Tokenizer, tokenizerFromJSON } from '../../data/tokenizer.ts';
import type { ModelConfig } from '../../model/config.ts';
import { readHuggingFaceConfig, writeHuggingFaceConfig } from '../../model/huggingface/config.ts';
import { exportParameters, importParameters } from '../../model/huggingface/weights.ts';
import type { NamedArrays } from '../plans/parameter-io.ts';

/** Names of the files of a model directory. */
export const modelFileNames = {
  config: 'config.json',
  weights: 'model.safetensors',
  tokenizer: TOKENIZER_FILE_NAME,
} as const;

/** A model that was read from files. */
export interface ModelFiles {
  readonly model: ModelConfig;
  readonly weights: NamedArrays;
  readonly tokenizer: Tokenizer | undefined;
  /** Tensor names of the file, so that gradients can be written under the same ones. */
  readonly names: readonly string[];
}

/** Files by name; undefined where there is none. */
export type ReadFile = (name: string) => Promise<Uint8Array | undefined>;

/** Reads a model directory. @throws one clear sentence for what is missing or wrong. */
export async function readModelFiles(read: ReadFile): Promise<ModelFiles> {
  const [config, weights, tokenizer] = await Promise.all([
    read(modelFileNames.config),
    read(modelFileNames.weights),
    read(modelFileNames.tokenizer),
  ]);
  if (!config)
    throw new Error(`model: there is no ${modelFileNames.config}. Choose a directory that has one.`);
  if (!weights)
    throw new Error(`model: there is no ${modelFileNames.weights}. Choose a directory that has one.`);
  const model = readHuggingFaceConfig(parseJson(modelFileNames.config, config));
  const file = readSafetensors(weights);
  const tensors = new Map(
    [...file.tensors].map(([name, { shape, data }]) => [name, lazyTensor(shape, data)]),
  );
  return {
    model,
    weights: importParameters(model, tensors),
    tokenizer: tokenizer ? tokenizerFromJSON(parseJson(modelFileNames.tokenizer, tokenizer)) : undefined,
    names: [...file.tensors.keys()],
  };
}

/** The files of a model, for a directory or a download. */
export function writeModelFiles(
  model: ModelConfig,
  weights: NamedArrays,
  tokenizer: Tokenizer | undefined,
): { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }[] {
  const tensors = exportParameters(model, (name) => arrayOf(weights, name), { content: 'weights' });
  return [
    { name: modelFileNames.config, bytes: jsonBytes(writeHuggingFaceConfig(model)) },
    { name: modelFileNames.weights, bytes: writeSafetensors(tensors, [['format', 'pt']]) },
    ...(tokenizer ? [{ name: modelFileNames.tokenizer, bytes: jsonBytes(tokenizer.toJSON()) }] : []),
  ];
}

/** Gradients in the layout and under the names of the file that the model came from. */
export function writeGradients(
  model: ModelConfig,
  gradients: NamedArrays,
  names: readonly string[],
): Uint8Array<ArrayBuffer> {
  return writeSafetensors(
    exportParameters(model, (name) => arrayOf(gradients, name), { content: 'gradients', names }),
  );
}

/** Parses a JSON file. @throws with the file's name. */
export function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Error(`${name}: no JSON: ${error instanceof Error ? error.message : error}. Check the file.`);
  }
}

function arrayOf(arrays: NamedArrays, name: string): Float32Array {
  const array = arrays.get(name);
  if (!array) throw new Error(`model: no numbers for ${name}.`);
  return array;
}

function lazyTensor(shape: readonly number[], read: () => Float32Array) {
  return {
    shape,
    get data() {
      return read();
    },
  };
}

function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
