// Tensors of a Hugging Face file and our parameters, both ways: transposes, and packing of q|k|v, gate|up, experts, scale|bias.
import type { ModelConfig } from '../config.ts';
import { showKey } from '../fields/check.ts';
import { parameterSpecs } from '../parameters.ts';
import { fileLayout, prefixIn } from './layout.ts';
import { type FileLayout, headName, matrixShape, type Part } from './parts.ts';

/** A tensor with its numbers, row-major. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Constants that old files keep beside the weights. */
const buffers = /(^|\.)(attn\.(bias|masked_bias)|rotary_emb\.inv_freq)$/;

/**
 * Our parameters from a file's tensors. The prefix (`transformer.`, `model.`) may be missing; the tensors may be kept or changed
 * afterwards, nothing is shared.
 * @throws an Error named InvalidFileError that names the tensors that are missing, not known or of another shape.
 */
export function importParameters(
  model: ModelConfig,
  tensors: ReadonlyMap<string, NamedTensor>,
): Map<string, Float32Array<ArrayBuffer>> {
  const file = fileLayout(model, prefixIn(model, tensors.keys()));
  checkNames(model, file, tensors);
  const parameters = new Map<string, Float32Array<ArrayBuffer>>();
  for (const spec of parameterSpecs(model)) {
    const [, columns] = matrixShape(spec.shape);
    const values = new Float32Array(spec.shape.reduce((product, size) => product * size, 1));
    for (const part of partsOf(file, spec.name)) {
      const tensor = tensors.get(part.name);
      if (tensor) copyPart(part, columns, tensor.data, values, 'toParameter');
    }
    parameters.set(spec.name, values);
  }
  return parameters;
}

/** How tensors are named and which are written. */
export interface ExportOptions {
  /** Names in the file that the model came from: its prefix, or none, is kept. Without it the usual prefix is written. */
  readonly names?: Iterable<string>;
  /** `weights` adds the zero biases that the layout demands; `gradients` has trained parameters only. */
  readonly content: 'weights' | 'gradients';
}

/**
 * A file's tensors from our parameters, or from anything of the same shapes, such as gradients. A tied head is not written.
 * @param get the numbers of a parameter by our name
 * @throws if a parameter has another length than its shape.
 */
export function exportParameters(
  model: ModelConfig,
  get: (name: string) => Float32Array,
  options: ExportOptions,
): Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }> {
  const file = fileLayout(model, prefixIn(model, options.names));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }>();
  const add = (name: string, shape: readonly number[]): Float32Array<ArrayBuffer> => {
    const made = tensors.get(name); // several of ours may lie in one of theirs
    if (made) return made.data;
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    tensors.set(name, { shape, data });
    return data;
  };
  for (const { name, shape } of parameterSpecs(model)) {
    // What moves by the routers' counts has no gradient: in published files it is no parameter.
    if (options.content === 'gradients' && name === 'routerBias') continue;
    const values = get(name);
    const [rows, columns] = matrixShape(shape);
    if (values.length !== rows * columns) {
      throw new Error(
        `export: ${name} has ${values.length} numbers, not [${shape.join(', ')}]. Pass the whole parameter.`,
      );
    }
    for (const part of partsOf(file, name))
      copyPart(part, columns, add(part.name, part.shape), values, 'toFile');
  }
  if (options.content === 'weights') for (const { name, shape } of file.zeros) add(name, shape);
  return tensors;
}

function partsOf(file: FileLayout, name: string): readonly Part[] {
  const parts = file.parts.get(name);
  if (!parts) throw new Error(`Hugging Face layout: the parameter ${name} has no place in the file.`);
  return parts;
}

/** Copies between a tensor of the file and its region of a parameter with `stride` columns. */
function copyPart(
  part: Part,
  stride: number,
  tensor: Float32Array,
  parameter: Float32Array,
  direction: 'toParameter' | 'toFile',
): void {
  const { row, column, rows, columns, isTransposed, fileRows } = part;
  for (let r = 0; r < rows; r++) {
    const start = (row + r) * stride + column;
    if (!isTransposed) {
      const [from, to] = [r * columns, (r + 1) * columns];
      if (direction === 'toParameter') parameter.set(tensor.subarray(from, to), start);
      else tensor.set(parameter.subarray(start, start + columns), from);
    } else {
      for (let c = 0; c < columns; c++) {
        const there = (fileRows ? fileRows[c] : c) * rows + r;
        if (direction === 'toParameter') parameter[start + c] = tensor[there];
        else tensor[there] = parameter[start + c];
      }
    }
  }
}

function checkNames(model: ModelConfig, file: FileLayout, tensors: ReadonlyMap<string, NamedTensor>): void {
  const expected = new Map(
    parameterSpecs(model)
      .flatMap(({ name }) => partsOf(file, name))
      .map(({ name, shape }) => [name, shape]),
  );
  const zeros = new Map(file.zeros.map(({ name, shape }) => [name, shape]));
  const missing = [...expected.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0)
    refuse(`${listNames(missing)} missing`, 'The file belongs to another config.json, or is cut.');
  const unknown: string[] = [];
  for (const [name, tensor] of tensors) {
    const isTiedHead = name === headName && model.tiedHead;
    const shape =
      expected.get(name) ?? zeros.get(name) ?? (isTiedHead ? [model.vocabulary, model.width] : undefined);
    if (!shape) {
      if (!buffers.test(name)) unknown.push(name);
      continue;
    }
    checkShape(name, tensor, shape);
    if (zeros.has(name) && tensor.data.some((value) => value !== 0)) {
      refuse(
        `${name} is not zero, but config.json says that the model has none`,
        'Remove its flopscope block.',
      );
    }
    if (isTiedHead) checkTied(tensor, tensors.get(file.embedding));
  }
  if (unknown.length > 0)
    refuse(`${listNames(unknown)} not known in this layout`, 'Remove what is no part of the model.');
}

function checkShape(name: string, tensor: NamedTensor, shape: readonly number[]): void {
  const elements = shape.reduce((product, size) => product * size, 1);
  const isEqual = tensor.shape.length === shape.length && tensor.shape.every((size, i) => size === shape[i]);
  if (isEqual && tensor.data.length === elements) return;
  const found = `[${tensor.shape.join(', ')}]`;
  refuse(
    `${name} is ${found}, config.json makes it [${shape.join(', ')}]`,
    'Give the config.json of these weights.',
  );
}

function checkTied(head: NamedTensor, embedding: NamedTensor | undefined): void {
  if (embedding && head.data.every((value, i) => Object.is(value, embedding.data[i]))) return;
  refuse(
    `${headName} differs from the token embedding, but the head is tied`,
    'Set tie_word_embeddings to false?',
  );
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => (/^[\w.]{1,80}$/.test(name) ? name : showKey(name)));
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${shown.join(', ')}${more} ${names.length === 1 ? 'is' : 'are'}`;
}

function refuse(what: string, advice: string): never {
  const error = new Error(`weights: ${what}. ${advice}`);
  error.name = 'InvalidFileError';
  throw error;
}
