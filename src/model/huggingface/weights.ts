// Tensors of a Hugging Face file and our parameters, both ways: transposes, and packing of q|k|v, gate|up, experts, scale|bias.
import type { StoredTensor } from '../../data/safetensors.ts';
import type { ModelConfig } from '../config.ts';
import { showKey } from '../fields/check.ts';
import { parameterSpecs } from '../parameters.ts';
import { fileLayout, fileNames, usualNames } from './layout.ts';
import { type FileLayout, matrixShape, type Part } from './parts.ts';

/** A tensor with its numbers, row-major. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Constants that old files keep beside the weights. */
const buffers =
  /(^|\.)(attn\.(bias|masked_bias)|attention\.(attention\.)?(bias|masked_bias)|rotary_emb\.inv_freq)$/;

/** What wrappers put before every name: DataParallel, DeepSpeed, PEFT. */
const wrappers = /^(module\.|_forward_module\.|base_model\.model\.)+/;

/** What wrappers of single modules put into names: torch.compile, FSDP, activation checkpoints. */
const innerWrappers = /(?<=^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g;

/** Updates of low rank that an adapter keeps beside a weight. */
const adapters = /\.(lora_[AB]|lora_embedding_[AB]|base_layer)\b/;

/** Where the parameters of a model lie in a file whose names and shapes were checked; its numbers were not looked at yet. */
export interface ImportPlan {
  /** Parts by our parameter's name, under the names that the file has. */
  readonly parts: ReadonlyMap<string, readonly Part[]>;
  /** Tensors that must be zero, as the model has no such parameters. */
  readonly zeros: readonly string[];
  /** Tensors that must be equal: a tied head that is stored too, and the embedding. */
  readonly tied: readonly [head: string, embedding: string] | undefined;
}

/**
 * Finds a model's parameters among the tensors of its file. Prefixes (`transformer.`, `model.`) may be missing, those of wrappers
 * (`module.`, `_orig_mod.`, a training module's `model.`) are passed over.
 * @param shapes shapes by the file's names
 * @param type the file's `model_type`: families that compute the same name their tensors differently
 * @throws an Error named InvalidFileError that names the tensors that are missing, not known or of another shape.
 */
export function planImport(
  model: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  type?: string,
): ImportPlan {
  const usual = placeParts(model, unwrapped(shapes.keys()), type);
  const held = usual.missing.length > 0 ? placeParts(model, withoutHolder(shapes.keys()), type) : usual;
  const { file, asStored, isHeadOnly, parts, missing } = held.missing.length > 0 ? usual : held;
  if (missing.length > 0)
    refuse(`${listNames(missing)} missing`, 'The file belongs to another config.json, or is cut.');
  const expected = new Map([...parts.values()].flat().map(({ name, shape }) => [name, shape]));
  const zeros = file.zeros.map(({ name, shape }) => ({ name: asStored(name), shape }));
  for (const { name, shape } of zeros) expected.set(name, shape);
  const head = asStored(file.head);
  if (model.tiedHead) expected.set(head, [model.vocabulary, model.width]);
  const unknown: string[] = [];
  for (const [name, shape] of shapes) {
    const wanted = expected.get(name);
    if (wanted) checkShape(name, shape, wanted);
    else if (!buffers.test(name)) unknown.push(name);
  }
  if (unknown.length > 0)
    refuse(`${listNames(unknown)} not known in this layout`, 'Remove what is no part of the model.');
  return {
    parts,
    zeros: zeros.map(({ name }) => name).filter((name) => shapes.has(name)),
    tied: model.tiedHead && shapes.has(head) && !isHeadOnly ? [head, asStored(file.embedding)] : undefined,
  };
}

/** Finds the parts of a model by the names that a file's tensors have without their wrappers. @param stored the file's own names by those */
function placeParts(model: ModelConfig, stored: ReadonlyMap<string, string>, type: string | undefined) {
  const file = fileLayout(model, fileNames(model, stored.keys(), type), type);
  const asStored = (name: string) => stored.get(name) ?? name;
  // Some tools store a tied table once, under the name of the head.
  const isHeadOnly = model.tiedHead && stored.has(file.head) && !stored.has(file.embedding);
  const nameOf = ({ name }: Part) => (isHeadOnly && name === file.embedding ? file.head : name);
  const listed = parameterSpecs(model).map(({ name }) => [name, partsOf(file, name)] as const);
  const wanted = listed.flatMap(([, parts]) => parts.map(nameOf));
  const parts = new Map(
    listed.map(([name, list]) => [name, list.map((part) => ({ ...part, name: asStored(nameOf(part)) }))]),
  );
  return { file, asStored, isHeadOnly, parts, missing: wanted.filter((name) => !stored.has(name)) };
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

/** A file's own names by those without wrappers. */
function unwrapped(names: Iterable<string>): Map<string, string> {
  const stored = new Map<string, string>();
  const bareNames = new Map(
    [...names].map((name) => [name, name.replace(innerWrappers, '').replace(wrappers, '')]),
  );
  // A module that trains a model holds it as `model`: then even the head's name begins with that, or a prefix is there twice.
  const isHeld = [...bareNames.values()].some((name) =>
    /^model\.(model|transformer|gpt_neox|lm_head|embed_out)\./.test(name),
  );
  for (const [name, wrapped] of bareNames) {
    if (adapters.test(name))
      refuse(
        `${showKey(name)} is of an adapter`,
        'Merge it into the weights: in Python, merge_and_unload().save_pretrained(OUT).',
      );
    const bare = isHeld ? wrapped.replace(/^model\./, '') : wrapped;
    const other = stored.get(bare);
    if (other !== undefined)
      refuse(`${showKey(other)} and ${showKey(name)} are one tensor by their names`, 'Remove one.');
    stored.set(bare, name);
  }
  return stored;
}

/** A file's own names by those without the parts that all begin with: whatever the module is called that held the model. */
function withoutHolder(names: Iterable<string>): Map<string, string> {
  const paths = [...names].map((name) => ({ name, path: name.replace(innerWrappers, '').split('.') }));
  const [first = []] = paths.map(({ path }) => path.slice(0, -2));
  const isShared = (depth: number) => paths.every(({ path }) => path[depth] === first[depth]);
  const depth = first.findIndex((_, index) => !isShared(index));
  const shared = depth < 0 ? first.length : depth;
  return new Map(paths.map(({ name, path }) => [path.slice(shared).join('.'), name]));
}

function checkShape(name: string, found: readonly number[], wanted: readonly number[]): void {
  const isSame = (a: readonly number[], b: readonly number[]) =>
    a.length === b.length && a.every((size, i) => size === b[i]);
  if (isSame(found, wanted)) return;
  const says = `${name} is [${found.join(', ')}], config.json makes it [${wanted.join(', ')}]`;
  if (isSame([...found].reverse(), wanted))
    refuse(
      `${says}: it is transposed, as ${
        name.includes('c_attn') || name.includes('.mlp.c_')
          ? 'nn.Linear stores what this family keeps as Conv1D'
          : 'another program stores it'
      }`,
      'Transpose the matrices of the layers (weight.T) and save the file again.',
    );
  refuse(says, 'Give the config.json of these weights.');
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
