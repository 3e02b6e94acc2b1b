// The header of a GGUF file, read strictly: metadata, and for each tensor its name, sizes, type and place.
// Format: github.com/ggml-org/ggml, docs/gguf.md, versions 2 and 3. Nothing is allocated by a size that the file merely claims.
import { countElements } from '../safetensors-header.ts';
import { quoteName } from '../strict-json.ts';
import { GgufCursor, MoreNeeded, type NumberKind, numberBytes } from './cursor.ts';
import { refuseGguf } from './fault.ts';
import { type GgufType, ggufTypes } from './types.ts';

/** A value of the metadata; whole numbers beyond 2^53 are as near as floats come. */
export type GgufValue = number | string | boolean | readonly GgufValue[];

/** Where a tensor lies. */
export interface GgufTensor {
  readonly type: GgufType;
  /** Row-major as elsewhere here: the file has the innermost size first. */
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** The content of a header. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** The longest header that is read, in bytes: that of the largest published vocabulary has about 20 million. */
export const ggufHeaderLimitBytes = 64 * 2 ** 20;

const limits = {
  /** The format's own. */
  keyBytes: 65_535,
  nameBytes: 64,
  dimensions: 4,
  /** Some files carry a whole tokenizer.json as one text. */
  textBytes: 2 ** 24,
  keys: 10_000,
  tensors: 32_768,
  /** Values of all lists together: tokens, scores, types and merges of the largest published vocabularies are 1.6 million. */
  listed: 4_000_000,
  depth: 3,
  alignment: 2 ** 16,
} as const;

const list = 9;
/** Kinds of values by number; 7 is true or false, 8 a text, 9 a list. */
const kinds = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'text',
  'list',
  'u64',
  'i64',
  'f64',
] as const satisfies readonly (NumberKind | 'bool' | 'text' | 'list')[];

/**
 * Reads a header.
 * @param bytes the start of the file
 * @param fileBytes the size of all of it
 * @returns undefined where the header goes on behind `bytes`
 * @throws an InvalidFileError in one sentence for what is wrong
 */
export function parseGgufHeader(bytes: Uint8Array, fileBytes: number): GgufHeader | undefined {
  try {
    return readHeader(new GgufCursor(bytes, fileBytes), fileBytes);
  } catch (error) {
    if (error instanceof MoreNeeded) return undefined;
    throw error;
  }
}

function readHeader(cursor: GgufCursor, fileBytes: number): GgufHeader {
  const magic = cursor.number('u32', 'the mark of the format');
  if (magic !== 0x46554747) refuseGguf(`it begins with 0x${magic.toString(16)}, not with "GGUF"`);
  const version = cursor.number('u32', 'the version');
  if (version === 0x02000000 || version === 0x03000000)
    refuseGguf('it is a big-endian file, which is not read', 'Fetch the little-endian one.');
  if (version !== 2 && version !== 3)
    refuseGguf(`it is of version ${version}`, 'Versions 2 and 3 are read: convert it with llama.cpp.');
  const tensorCount = cursor.count('the number of tensors');
  const keyCount = cursor.count('the number of keys');
  checkCount('tensors', tensorCount, limits.tensors, cursor.left, 24);
  checkCount('keys', keyCount, limits.keys, cursor.left, 13);
  const metadata = readMetadata(cursor, keyCount);
  const infos = readTensors(cursor, tensorCount);
  const alignment = alignmentOf(metadata);
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  return { metadata, tensors: placeTensors(infos, { dataStart, alignment, fileBytes }) };
}

/** A count that the rest of the file cannot hold is refused before anything is read by it. */
function checkCount(what: string, count: number, limit: number, left: number, leastBytes: number): void {
  if (count > limit) refuseGguf(`it claims ${count} ${what}, the limit is ${limit}`);
  if (count * leastBytes > left)
    refuseGguf(`it claims ${count} ${what}, for which the file is too short: ${left} bytes are left`);
}

function readMetadata(cursor: GgufCursor, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  const rest = { listed: limits.listed };
  for (let i = 0; i < count; i++) {
    const key = cursor.text(limits.keyBytes, `key ${i}`);
    if (metadata.has(key)) refuseGguf(`the key ${quoteName(key)} is there twice`);
    metadata.set(key, readValue(cursor, kindOf(cursor, key), key, rest, 0));
  }
  return metadata;
}

function kindOf(cursor: GgufCursor, key: string): number {
  const kind = cursor.number('u32', `the type of ${quoteName(key)}`);
  if (kind >= kinds.length) refuseGguf(`${quoteName(key)} is of the unknown type ${kind}`);
  return kind;
}

function readValue(
  cursor: GgufCursor,
  kindNumber: number,
  key: string,
  rest: { listed: number },
  depth: number,
): GgufValue {
  const kind = kinds[kindNumber];
  if (kind === 'bool') {
    const value = cursor.number('u8', quoteName(key));
    if (value > 1) refuseGguf(`${quoteName(key)} is ${value}, neither true nor false`);
    return value === 1;
  }
  if (kind === 'text') return cursor.text(limits.textBytes, quoteName(key));
  if (kind !== 'list') return cursor.number(kind, quoteName(key));
  if (depth >= limits.depth) refuseGguf(`${quoteName(key)} is a list in lists, deeper than ${limits.depth}`);
  const of = kindOf(cursor, key);
  const count = cursor.count(`the length of ${quoteName(key)}`);
  const inner = kinds[of];
  const leastBytes = inner === 'bool' ? 1 : inner === 'text' ? 8 : inner === 'list' ? 12 : numberBytes(inner);
  checkCount(`values of ${quoteName(key)}`, count, rest.listed, cursor.left, leastBytes);
  rest.listed -= count;
  const values: GgufValue[] = [];
  for (let i = 0; i < count; i++)
    values.push(readValue(cursor, of, key, rest, of === list ? depth + 1 : depth));
  return values;
}

/** A tensor's entry; its place counts from where the data begins. */
interface TensorInfo extends Omit<GgufTensor, 'begin' | 'end'> {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

function readTensors(cursor: GgufCursor, count: number): TensorInfo[] {
  const infos: TensorInfo[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const name = cursor.text(limits.nameBytes, `the name of tensor ${i}`);
    const shown = `tensor ${quoteName(name)}`;
    if (names.has(name)) refuseGguf(`${shown} is there twice`);
    names.add(name);
    const dimensions = cursor.number('u32', `the sizes of ${shown}`);
    if (dimensions > limits.dimensions)
      refuseGguf(`${shown} has ${dimensions} sizes, the limit is ${limits.dimensions}`);
    const sizes = Array.from({ length: dimensions }, () => cursor.count(`a size of ${shown}`));
    const id = cursor.number('u32', `the type of ${shown}`);
    const offset = cursor.count(`the place of ${shown}`);
    const type = ggufTypes.get(id);
    if (!type)
      return refuseGguf(
        `${shown} is of the unknown type ${id}`,
        'Give one of F32, F16, BF16, Q8_0, Q4_K or the like.',
      );
    const elements = countElements(sizes);
    if (elements === undefined || elements === 0)
      return refuseGguf(`${shown} has the sizes [${sizes.join(', ')}], which no tensor has`);
    const inner = sizes[0] ?? 1;
    if (inner % type.elements !== 0)
      refuseGguf(`${shown} has rows of ${inner}, and ${type.name} has blocks of ${type.elements}`);
    infos.push({
      name,
      type,
      shape: sizes.reverse(),
      offset,
      bytes: (elements / type.elements) * type.bytes,
    });
  }
  return infos;
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get('general.alignment') ?? 32;
  if (typeof value === 'number' && value >= 8 && value <= limits.alignment && Math.log2(value) % 1 === 0)
    return value;
  return refuseGguf(
    `general.alignment is ${quoteName(String(value))}, no power of two from 8 to ${limits.alignment}`,
  );
}

/** Tensors lie at aligned places in the file, none over another. */
function placeTensors(
  infos: readonly TensorInfo[],
  {
    dataStart,
    alignment,
    fileBytes,
  }: { readonly dataStart: number; readonly alignment: number; readonly fileBytes: number },
): Map<string, GgufTensor> {
  let covered = dataStart;
  let before = '';
  for (const { name, offset, bytes } of [...infos].sort((a, b) => a.offset - b.offset)) {
    const shown = `tensor ${quoteName(name)}`;
    const begin = dataStart + offset;
    if (offset % alignment !== 0) refuseGguf(`${shown} lies at ${offset}, no multiple of ${alignment}`);
    if (begin + bytes > fileBytes)
      refuseGguf(
        `${shown} reaches to byte ${begin + bytes}, and the file has ${fileBytes}`,
        'It is cut off: fetch it again.',
      );
    if (begin < covered) refuseGguf(`${shown} lies over tensor ${quoteName(before)}`);
    covered = begin + bytes;
    before = name;
  }
  return new Map(
    infos.map(({ name, type, shape, offset, bytes }) => [
      name,
      { type, shape, begin: dataStart + offset, end: dataStart + offset + bytes },
    ]),
  );
}
