// The tensors of a GGUF file as those of the family's own files: their names, and their numbers where llama.cpp moves them.
import { refuseGguf } from '../../data/gguf/fault.ts';
import { readGguf } from '../../data/gguf/file.ts';
import type { GgufTensor } from '../../data/gguf/header.ts';
import type { ByteSource, StoredTensor } from '../../data/safetensors.ts';
import { quoteName } from '../../data/strict-json.ts';
import { factorNames, type TensorNames } from './tensor-names.ts';

/** Sizes that say how rows are moved. */
export interface HeadSizes {
  readonly heads: number;
  readonly keyValueHeads: number;
}

/** Tensors by the family's names; nothing of them is read yet. @throws for names that are not known */
export function familyTensors(
  source: ByteSource,
  tensors: ReadonlyMap<string, GgufTensor>,
  names: TensorNames,
  sizes: HeadSizes,
): Map<string, StoredTensor> {
  const found = new Map<string, StoredTensor>();
  const factors: readonly string[] = Object.values(factorNames);
  for (const [name, tensor] of tensors) {
    if (factors.includes(name)) continue;
    const [, block, stem, kind] = /^(?:blk\.(\d{1,5})\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
    const expert = block === undefined ? undefined : own(names.experts, stem);
    const theirs = own(block === undefined ? names.whole : names.layers, stem);
    const stored = storedTensor(source, tensor);
    if (expert !== undefined) {
      for (const [at, one] of experts(name, stored).entries())
        found.set(`${names.prefix}.${block}.block_sparse_moe.experts.${at}.${expert}.${kind}`, one);
      continue;
    }
    if (theirs === undefined)
      return refuseGguf(
        `tensor ${quoteName(name)} is not known of this architecture`,
        'Fetch the safetensors files of the same model.',
      );
    const whole = block === undefined ? theirs : `${names.prefix}.${block}.${theirs}`;
    found.set(`${whole}.${kind}`, moved(stored, stem, names, sizes));
  }
  return found;
}

/** Refuses a file that lacks a tensor of a block, or a block. */
export function checkBlocks(tensors: ReadonlyMap<string, GgufTensor>, layers: number): void {
  if (layers > tensors.size)
    refuseGguf(
      `it claims ${layers} blocks and has ${tensors.size} tensors`,
      'The file is cut, or a part of several.',
    );
  const first = [...tensors.keys()].filter((name) => name.startsWith('blk.0.'));
  const needed = ['token_embd.weight', 'output_norm.weight'];
  if (first.length === 0) needed.push('blk.0.attn_norm.weight');
  for (let layer = 0; layer < layers; layer++)
    needed.push(...first.map((name) => name.replace('blk.0.', `blk.${layer}.`)));
  const missing = needed.find((name) => !tensors.has(name));
  if (missing !== undefined)
    refuseGguf(`tensor ${quoteName(missing)} is missing`, 'The file is cut, or a part of several.');
  const beyond = [...tensors.keys()].find((name) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? 0) >= layers);
  if (beyond !== undefined)
    refuseGguf(`tensor ${quoteName(beyond)} is of a block beyond the ${layers} of the model`);
}

/** A tensor as it lies in the file. */
export function storedTensor(source: ByteSource, tensor: GgufTensor): StoredTensor {
  const { shape, type } = tensor;
  const all = count(shape);
  return {
    dtype: type.name,
    shape,
    read: (first = 0, number = all - first) => readGguf(source, tensor, first, number),
  };
}

/** The numbers of a tensor as the family has them. */
function moved(
  stored: StoredTensor,
  stem: string,
  names: TensorNames,
  { heads, keyValueHeads }: HeadSizes,
): StoredTensor {
  const [rows, columns = 1] = stored.shape;
  if (names.hasNormOffset && stem.endsWith('norm'))
    return converted(stored, (values) => values.map((value) => value - 1));
  if (names.transposed?.includes(stem) && stored.shape.length === 2)
    return { ...converted(stored, (values) => transposed(values, rows, columns)), shape: [columns, rows] };
  if (names.turnsPairs && (stem === 'attn_q' || stem === 'attn_k'))
    return rowsMoved(stored, pairsApart(rows, stem === 'attn_q' ? heads : keyValueHeads));
  if (names.splitsHeads && stem === 'attn_qkv') return rowsMoved(stored, headsTogether(rows, heads));
  return stored;
}

/** Each expert's matrix of a tensor of all, [experts, out, in]. */
function experts(name: string, stored: StoredTensor): StoredTensor[] {
  const [number, ...shape] = stored.shape;
  if (shape.length !== 2 || number > 1024)
    refuseGguf(`tensor ${quoteName(name)} is [${stored.shape.join(', ')}], not [experts, out, in]`);
  const all = count(shape);
  return Array.from({ length: number }, (_, at) => ({
    ...stored,
    shape,
    read: (first = 0, numbers = all - first) => stored.read(at * all + first, numbers),
  }));
}

/** The file's row of each of the family's rows: channel i of a half is 2i or 2i + 1 of its head. */
function pairsApart(rows: number, heads: number): (row: number) => number {
  const size = rows / heads;
  return (row) => {
    const [head, channel] = [Math.floor(row / size), row % size];
    return head * size + (channel < size / 2 ? 2 * channel : 2 * (channel - size / 2) + 1);
  };
}

/** The same, where the family has [head][query, key, value][channel] and the file [query, key, value][head][channel]. */
function headsTogether(rows: number, heads: number): (row: number) => number {
  const size = rows / heads / 3;
  return (row) => {
    const [head, part, channel] = [Math.floor(row / size / 3), Math.floor(row / size) % 3, row % size];
    return (part * heads + head) * size + channel;
  };
}

function rowsMoved(stored: StoredTensor, from: (row: number) => number): StoredTensor {
  const [rows, columns = 1] = stored.shape;
  return converted(stored, (values) => {
    const ordered = new Float32Array(values.length);
    for (let row = 0; row < rows; row++) {
      const begin = from(row) * columns;
      ordered.set(values.subarray(begin, begin + columns), row * columns);
    }
    return ordered;
  });
}

/** A tensor whose numbers want all others: it is read whole, each time. */
function converted(stored: StoredTensor, convert: (values: Float32Array) => Float32Array): StoredTensor {
  const all = count(stored.shape);
  return {
    ...stored,
    read: async (first = 0, number = all - first) =>
      convert(await stored.read()).subarray(first, first + number),
  };
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column];
  return turned;
}

function own(
  names: Readonly<Record<string, string>> | undefined,
  stem: string | undefined,
): string | undefined {
  return names && stem !== undefined && Object.hasOwn(names, stem) ? names[stem] : undefined;
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
