// The header of a safetensors file, read strictly: every byte of the file belongs to exactly one tensor.
// Format: github.com/huggingface/safetensors, "Format"; bounds beyond it keep a hostile file cheap to refuse.
import { parseStrictJson, quoteName } from './strict-json.ts';

/** The longest header accepted, in bytes (the reference reader allows 100 MB). */
export const headerLimitBytes = 25_000_000;

/** The most tensors accepted in one file; the largest published single files have about 20 000. */
export const tensorLimit = 32_768;

/** What JSON allows between its parts. */
const whiteSpace: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];

/** Bits of one element by type, of every type in the format (safetensors 0.8, enum Dtype); not all are computed with here. */
export const dtypeBits = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  U16: 16,
  I16: 16,
  F16: 16,
  BF16: 16,
  U32: 32,
  I32: 32,
  F32: 32,
  U64: 64,
  I64: 64,
  F64: 64,
  C64: 64,
} as const;

/** Element types of the format. */
export type SafetensorsDtype = keyof typeof dtypeBits;

/** Where a tensor lies; offsets are bytes from the start of the file. */
export interface TensorEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The content of a header; maps, because a file may name a tensor `__proto__`. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Bytes before the first tensor: 8 and the length of the header. */
  readonly dataStart: number;
}

/**
 * Reads and checks a header. `bytes` needs to hold only the start of the file, `fileBytes` is the size of all of it.
 * Nothing is allocated by a size that the file merely claims.
 * @throws for what is wrong, naming it
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  fileBytes: number = bytes.length,
): SafetensorsHeader {
  const dataStart = 8 + readHeaderLength(bytes, fileBytes);
  if (bytes.length < dataStart)
    fail(`the header is cut off: ${bytes.length} of ${dataStart} bytes were read`);
  // The format asks for "{" at once; its reference reader takes JSON's white space before it, and so do we.
  const start = bytes.subarray(8, dataStart).find((byte) => !whiteSpace.includes(byte));
  if (start !== 0x7b) fail(`the header does not start with "{": its first byte is ${start ?? bytes[8]}`);
  const json = parseStrictJson('safetensors', decodeUtf8(bytes.subarray(8, dataStart)), {
    maxDepth: 3,
    maxKeys: tensorLimit + 1, // and __metadata__
  });
  if (!isObject(json)) fail('the header is not an object');
  const metadata = readMetadata(json);
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(json)) {
    if (name !== '__metadata__') tensors.set(name, readEntry(name, value, dataStart));
  }
  checkCover(tensors, dataStart, fileBytes);
  return { metadata, tensors, dataStart };
}

/** The number of elements of a shape; undefined when the product passes 2^53. */
export function countElements(shape: readonly number[]): number | undefined {
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}

/** Whether a value is a list of whole numbers from 0 to 2^53 − 1. */
export function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function readHeaderLength(bytes: Uint8Array, fileBytes: number): number {
  if (fileBytes === 0) fail('the file is empty');
  if (bytes.length < 8) fail(`shorter than the 8 bytes of the header's length: ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(headerLimitBytes))
    fail(`the header is too long: ${length}, the limit is ${headerLimitBytes} bytes`);
  if (Number(length) > fileBytes - 8)
    fail(`the header is longer than the file: ${length} of ${fileBytes} bytes`);
  if (length < 2n) fail(`the header is too short: ${length} bytes`);
  return Number(length);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('the header is not valid UTF-8');
  }
}

function readMetadata(json: Readonly<Record<string, unknown>>): Map<string, string> {
  const metadata = new Map<string, string>();
  // Null is none, as in the reference reader.
  const value = Object.hasOwn(json, '__metadata__') ? (json.__metadata__ ?? undefined) : undefined;
  if (value === undefined) return metadata;
  if (!isObject(value)) return fail('__metadata__ is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') return fail(`metadata is not a text: ${quoteName(key)} is ${typeof text}`);
    metadata.set(key, text);
  }
  return metadata;
}

const entryKeys = ['dtype', 'shape', 'data_offsets'];

function readEntry(name: string, value: unknown, dataStart: number): TensorEntry {
  const shown = quoteName(name);
  if (!isObject(value)) return fail(`tensor ${shown} is not an object`);
  // Further keys say nothing to the reference reader.
  if (!entryKeys.every((key) => Object.hasOwn(value, key))) {
    const found = quoteName(Object.keys(value).sort().join());
    return fail(`tensor ${shown} needs the keys dtype, shape and data_offsets: found ${found}`);
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) return fail(`tensor ${shown} has an unknown dtype: ${quoteName(String(dtype))}`);
  const elements = isSizes(shape) ? countElements(shape) : undefined;
  if (!isSizes(shape) || elements === undefined)
    return fail(`tensor ${shown} has no valid shape: ${shorten(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2)
    return fail(`tensor ${shown} has no valid offsets: ${shorten(offsets)}`);
  const [begin, end] = offsets;
  const bytes = (elements * dtypeBits[dtype]) / 8;
  if (end - begin !== bytes) {
    return fail(
      `tensor ${shown} is ${bytes} bytes by its shape ${shorten(shape)}, ${end - begin} by its offsets`,
    );
  }
  return { dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

/** Sorted by place, each tensor must begin where the one before ended, and the last end with the file. */
function checkCover(tensors: ReadonlyMap<string, TensorEntry>, dataStart: number, fileBytes: number): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = dataStart;
  for (const [name, { begin, end }] of sorted) {
    const shown = quoteName(name);
    if (begin < covered) fail(`tensor ${shown} overlaps another: it begins at ${begin}, before ${covered}`);
    if (begin > covered) fail(`bytes belong to no tensor: ${covered} to ${begin}, before tensor ${shown}`);
    covered = end;
  }
  if (covered > fileBytes) {
    const [name] = sorted.find(([, { end }]) => end > fileBytes) ?? [''];
    throw new Error(
      `safetensors: the file is cut: ${fileBytes} of ${covered} bytes are there, and tensor ${quoteName(name)} reaches beyond. Fetch it again.`,
    );
  }
  if (covered !== fileBytes) fail(`bytes belong to no tensor: ${covered} to ${fileBytes}, at the end`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && Object.hasOwn(dtypeBits, value);
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function fail(problem: string): never {
  throw new Error(`safetensors: ${problem}. The file is damaged or not a safetensors file.`);
}
