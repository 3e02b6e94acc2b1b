// Numbers of a Hugging Face file's tensors and of our parameters, both ways: transposes, and packing of q|k|v, gate|up, experts, scale|bias.
import type { StoredTensor } from '../../data/safetensors.ts';
import type { ModelConfig } from '../config.ts';
import { parameterSpecs } from '../parameters.ts';
import { partsOf, planImport, refuse, unwrapped } from './import-plan.ts';
import { fileLayout, fileNames, usualNames } from './layout.ts';
import { matrixShape, type Part } from './parts.ts';

/** A tensor with its numbers, row-major. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Our parameters from a file's tensors; the tensors may be kept or changed afterwards, nothing is shared.
 * @throws as `planImport` does, and where numbers contradict the configuration.
 */
export function importParameters(
  model: ModelConfig,
  tensors: ReadonlyMap<string, NamedTensor>,
  type?: string,
): Map<string, Float32Array<ArrayBuffer>> {
  const plan = planImport(model, new Map([...tensors].map(([name, { shape }]) => [name, shape])), type);
  const get = (name: string): Float32Array => {
    const { shape, data } = tensors.get(name) ?? { shape: [], data: new Float32Array() };
    if (data.length !== elements(shape))
      refuse(
        `${name} has ${data.length} numbers and the shape [${shape.join(', ')}]`,
        'The file is damaged.',
      );
    return data;
  };
  for (const name of plan.zeros) checkZero(name, get(name));
  if (plan.tied) checkTied(plan.tied[0], get(plan.tied[0]), get(plan.tied[1]));
  return new Map(
    parameterSpecs(model).map((spec) => {
      const values = new Float32Array(elements(spec.shape));
      for (const part of plan.parts.get(spec.name) ?? []) copyIn(part, spec.shape, get(part.name), values);
      return [spec.name, values];
    }),
  );
}

/** Numbers of one parameter, from its element `first` on. */
export interface ParameterPart {
  readonly name: string;
  readonly first: number;
  readonly values: Float32Array;
}

/** Elements that are read at a time where a tensor lies in the file as it does here: 16 MiB of floats. */
const chunkElements = 2 ** 22;

/**
 * Hands our parameters on from tensors that stay in their file, one after the other, large tables in parts: in memory are a
 * parameter and a tensor at most.
 * @throws as `importParameters` does
 */
export async function streamParameters(
  model: ModelConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  take: (part: ParameterPart) => void | Promise<void>,
  type?: string,
): Promise<void> {
  const plan = planImport(model, new Map([...tensors].map(([name, { shape }]) => [name, shape])), type);
  const stored = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`weights: ${name} is not there.`);
    return tensor;
  };
  for (const name of plan.zeros) checkZero(name, await stored(name).read());
  if (plan.tied) {
    const [head, embedding] = plan.tied;
    for (const [first, count] of chunks(elements(stored(head).shape)))
      checkTied(head, await stored(head).read(first, count), await stored(embedding).read(first, count));
  }
  for (const { name, shape } of parameterSpecs(model)) {
    const parts = plan.parts.get(name) ?? [];
    const [only] = parts;
    if (only && parts.length === 1 && isWhole(only, shape)) {
      for (const [first, count] of chunks(elements(shape)))
        await take({ name, first, values: await stored(only.name).read(first, count) });
      continue;
    }
    const values = new Float32Array(elements(shape));
    for (const part of parts) copyIn(part, shape, await stored(part.name).read(), values);
    await take({ name, first: 0, values });
  }
}

/** Whether a parameter is a tensor of the file, element by element. */
function isWhole(part: Part, shape: readonly number[]): boolean {
  const all = elements(shape);
  return (
    !part.isTransposed && !part.fileOrder && part.rows * part.columns === all && elements(part.shape) === all
  );
}

function chunks(all: number): (readonly [first: number, count: number])[] {
  const starts = Array.from({ length: Math.ceil(all / chunkElements) }, (_, i) => i * chunkElements);
  return starts.map((first) => [first, Math.min(chunkElements, all - first)] as const);
}

/** Copies a tensor of a file into its region of a parameter of this shape. */
function copyIn(part: Part, shape: readonly number[], tensor: Float32Array, parameter: Float32Array): void {
  copyPart(part, matrixShape(shape)[1], tensor, parameter, 'toParameter');
}

/** Refuses numbers of a parameter that the model has not. */
function checkZero(name: string, data: Float32Array): void {
  if (data.some((value) => value !== 0))
    refuse(
      `${name} is not zero, but config.json says that the model has none`,
      'Remove its flopscope block.',
    );
}

/** Refuses a tied head that is another table than the embedding. */
function checkTied(name: string, head: Float32Array, embedding: Float32Array): void {
  if (head.every((value, i) => Object.is(value, embedding[i]))) return;
  refuse(
    `${name} differs from the token embedding, but the head is tied`,
    'Set tie_word_embeddings to false?',
  );
}

/** How tensors are named and which are written. */
export interface ExportOptions {
  /** Names in the file that the model came from: its prefix, or none, is kept. Without it the usual prefix is written. */
  readonly names?: Iterable<string>;
  /** The `model_type` that the model came from or is to be written as; the first family that can say it unless given. */
  readonly type?: string;
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
  const names = options.names
    ? fileNames(model, unwrapped(options.names).keys(), options.type)
    : usualNames(model, options.type);
  const file = fileLayout(model, names, options.type);
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }>();
  const add = (name: string, shape: readonly number[]): Float32Array<ArrayBuffer> => {
    const made = tensors.get(name); // several of ours may lie in one of theirs
    if (made) return made.data;
    const data = new Float32Array(elements(shape));
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

/** Copies between a tensor of the file and its region of a parameter with `stride` columns. */
function copyPart(
  part: Part,
  stride: number,
  tensor: Float32Array,
  parameter: Float32Array,
  direction: 'toParameter' | 'toFile',
): void {
  const { row, column, rows, columns, isTransposed, fileOrder, fileRow = 0 } = part;
  const fileStride = part.shape.at(-1) ?? 1;
  for (let r = 0; r < rows; r++) {
    const start = (row + r) * stride + column;
    const first = (fileRow + r) * fileStride;
    if (!isTransposed && !fileOrder) {
      if (direction === 'toParameter') parameter.set(tensor.subarray(first, first + columns), start);
      else tensor.set(parameter.subarray(start, start + columns), first);
    } else {
      for (let c = 0; c < columns; c++) {
        const other = fileOrder ? fileOrder[c] : c;
        const there = isTransposed ? other * fileStride + r : first + other;
        if (direction === 'toParameter') parameter[start + c] = tensor[there];
        else tensor[there] = parameter[start + c];
      }
    }
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
