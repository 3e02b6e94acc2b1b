// Reads and writes safetensors files, the layout in which models are exchanged.
// Numbers are little-endian, as is every machine with WebGPU, so tensors can be viewed in place.
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half-float.ts';
import {
  countElements,
  dtypeBits,
  headerLimitBytes,
  isSizes,
  parseSafetensorsHeader,
  type SafetensorsDtype,
  type TensorEntry,
  tensorLimit,
} from './safetensors-header.ts';
import { quoteName } from './strict-json.ts';

/** A tensor of a file that was read; its elements are converted when asked for. */
export interface SafetensorsTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /**
   * The elements in row-major order, from F32, F16, BF16 or F64 (rounded). May be a view into the file's bytes: do not
   * write to it.
   * @throws for integer and 8-bit types
   */
  data(): Float32Array;
}

/** A file that was read. */
export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}

/** Types of numbers that are written. */
export const writtenDtypes = ['F32', 'F16', 'BF16'] as const satisfies readonly SafetensorsDtype[];

/** One of `writtenDtypes`. */
export type WrittenDtype = (typeof writtenDtypes)[number];

/** A tensor to be written, row-major: shape's product = data.length. */
export interface TensorToWrite {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Bytes that are read when asked for: a file on a disk, or one that was chosen in a page. */
export interface ByteSource {
  /** Size of all. */
  readonly bytes: number;
  /** The bytes from `begin` up to `end`; rejects if they are not there. */
  read(begin: number, end: number): Promise<Uint8Array>;
}

/** A tensor of a file that stays where it is. */
export interface StoredTensor {
  /** How its numbers are stored, by the file's own name for it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /**
   * `count` elements from the row-major `first`, all unless given; of safetensors from F32, F16, BF16 or F64 (rounded), rejecting
   * integer and 8-bit types.
   */
  read(first?: number, count?: number): Promise<Float32Array>;
}

/** Reads the header of a file and leaves its tensors there. Rejects with an Error that says what is wrong with it. */
export async function openSafetensors(source: ByteSource): Promise<ReadonlyMap<string, StoredTensor>> {
  const start = await source.read(0, Math.min(8, source.bytes));
  const claimed =
    start.length === 8 ? Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true)) : 0;
  // A length that cannot be is refused by the parser, which needs no more than these 8 bytes to say so.
  const end = claimed <= headerLimitBytes ? Math.min(8 + claimed, source.bytes) : start.length;
  const header = parseSafetensorsHeader(await source.read(0, end), source.bytes);
  return new Map(
    [...header.tensors].map(([name, entry]) => {
      const { dtype, shape } = entry;
      const width = dtypeBits[dtype] / 8;
      const read = async (first = 0, count = (entry.end - entry.begin) / width - first) => {
        const bytes = await source.read(entry.begin + first * width, entry.begin + (first + count) * width);
        return convert(name, { ...entry, begin: 0, end: bytes.length }, bytes);
      };
      return [name, { dtype, shape, read }];
    }),
  );
}

/** Reads a whole file; no tensor is copied before it is asked for. @throws for what is wrong with it, saying so */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const header = parseSafetensorsHeader(bytes);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, entry] of header.tensors) {
    tensors.set(name, { dtype: entry.dtype, shape: entry.shape, data: () => convert(name, entry, bytes) });
  }
  return { metadata: header.metadata, tensors };
}

/**
 * The bytes of a file with these tensors, sorted by name, data aligned to 8 bytes.
 * @param dtype what they are rounded to, halves to even
 * @throws if a shape does not fit its data, a name is taken or reserved, a number does not fit the type, or the header passes the
 * limits that the reader sets
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, TensorToWrite]>,
  metadata: Iterable<readonly [string, string]> = [],
  dtype: WrittenDtype = 'F32',
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  sorted.forEach(([name, tensor], i) => {
    checkTensor(name, tensor, sorted[i - 1]?.[0]);
  });
  const header = encodeSafetensorsHeader(
    sorted.map(([name, { shape }]) => [name, shape]),
    metadata,
    dtype,
  );
  const width = dtypeBits[dtype] / 8;
  const total = sorted.reduce((sum, [, { data }]) => sum + data.length * width, header.length);
  const file = new Uint8Array(total);
  file.set(header);
  let at = header.length;
  for (const [name, { data }] of sorted) {
    const { buffer, byteOffset, byteLength } = rounded(name, data, dtype);
    file.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return file;
}

/** Numbers as they are stored. @throws where one is beyond the type's largest */
function rounded(name: string, data: Float32Array, dtype: WrittenDtype): Float32Array | Uint16Array {
  if (dtype === 'F32') return data;
  const bits = dtype === 'F16' ? float32ToFloat16(data) : float32ToBfloat16(data);
  const infinity = dtype === 'F16' ? 0x7c00 : 0x7f80;
  const lost = bits.findIndex((word, i) => (word & 0x7fff) === infinity && Number.isFinite(data[i]));
  if (lost < 0) return bits;
  throw new Error(
    `safetensors: number ${lost} of tensor ${quoteName(name)} is ${data[lost]}, beyond what ${dtype} holds. Write F32.`,
  );
}

/**
 * The start of a file (length and header) whose tensors follow in the order given, for writing large files in
 * parts: its length is a multiple of 8.
 * @throws if it passes the limits that the reader sets
 */
export function encodeSafetensorsHeader(
  shapes: readonly (readonly [string, readonly number[]])[],
  metadata: Iterable<readonly [string, string]> = [],
  dtype: WrittenDtype = 'F32',
): Uint8Array<ArrayBuffer> {
  // Joined by hand: an object would lose the name __proto__ and reorder names that are numbers.
  const parts: string[] = [];
  const pairs = [...metadata].map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`);
  if (pairs.length > 0) parts.push(`"__metadata__":{${pairs.join()}}`);
  let end = 0;
  for (const [name, shape] of shapes) {
    const begin = end;
    end += (dtypeBits[dtype] / 8) * (countElements(shape) ?? Number.NaN);
    const entry = JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
    parts.push(`${JSON.stringify(name)}:${entry}`);
  }
  if (!Number.isSafeInteger(end))
    throw new Error('safetensors: the tensors have no countable size. Check their shapes.');
  const text = new TextEncoder().encode(`{${parts.join()}}`);
  const padded = Math.ceil(text.length / 8) * 8;
  if (padded > headerLimitBytes || shapes.length > tensorLimit) {
    const found = `${shapes.length} tensors, ${padded} bytes of header`;
    const limits = `${tensorLimit} and ${headerLimitBytes}`;
    throw new Error(
      `safetensors: too much for one file: ${found}, the limits are ${limits}. Write several files.`,
    );
  }
  const header = new Uint8Array(8 + padded).fill(0x20); // the format pads with spaces
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return header;
}

function convert(name: string, { dtype, begin, end }: TensorEntry, bytes: Uint8Array): Float32Array {
  const view = <T>(
    type: new (buffer: ArrayBufferLike, offset: number, length: number) => T,
    width: number,
  ): T => {
    const offset = bytes.byteOffset + begin;
    const length = (end - begin) / width;
    // Typed arrays need aligned offsets, which the format does not promise.
    if (offset % width === 0) return new type(bytes.buffer, offset, length);
    return new type(bytes.slice(begin, end).buffer, 0, length);
  };
  switch (dtype) {
    case 'F32':
      return view(Float32Array, 4);
    case 'F16':
      return float16ToFloat32(view(Uint16Array, 2));
    case 'BF16':
      return bfloat16ToFloat32(view(Uint16Array, 2));
    case 'F64':
      return Float32Array.from(view(Float64Array, 8));
    default:
      throw new Error(
        `safetensors: tensor ${quoteName(name)} is ${dtype}, which is not supported here. Convert it to F32, F16 or BF16.`,
      );
  }
}

function checkTensor(name: string, { shape, data }: TensorToWrite, previous: string | undefined): void {
  const shown = quoteName(name);
  if (name === '__metadata__')
    throw new Error(`safetensors: the name ${shown} is reserved. Rename the tensor.`);
  if (name === previous) throw new Error(`safetensors: two tensors have the name ${shown}. Rename one.`);
  const elements = isSizes(shape) ? countElements(shape) : undefined;
  if (elements === data.length) return;
  const found = `${JSON.stringify(shape)} for ${data.length} elements`;
  throw new Error(`safetensors: tensor ${shown} does not fit its shape: ${found}. Pass its own shape.`);
}
