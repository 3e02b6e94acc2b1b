// Walks over the start of a GGUF file: takes numbers and texts one after the other, and nothing beyond the file's end.
import { quoteName } from '../strict-json.ts';
import { refuseGguf } from './fault.ts';

/** Thrown where the bytes at hand end before the file does: the caller reads more of it and begins again. */
export class MoreNeeded extends Error {}

/** A place in the bytes at hand, which moves on with all that is taken. */
export class GgufCursor {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileBytes: number;

  /** @param fileBytes the size of the whole file, of which `bytes` is the start */
  constructor(bytes: Uint8Array, fileBytes: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#fileBytes = fileBytes;
  }

  /** Bytes that were taken. */
  get at(): number {
    return this.#at;
  }

  /** Bytes that the file still has, at hand or not. */
  get left(): number {
    return this.#fileBytes - this.#at;
  }

  /** A number of 1, 2 or 4 bytes, or of 8 as near as floats come. */
  number(kind: NumberKind, what: string): number {
    const [bytes, read] = numberKinds[kind];
    return read(this.#view, this.#step(bytes, what));
  }

  /** A count or a place in 8 bytes. @throws beyond 2^53 − 1 */
  count(what: string): number {
    const value = this.#view.getBigUint64(this.#step(8, what), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuseGguf(`${what} is ${value}, beyond any file`);
    return Number(value);
  }

  /** A text of at most so many bytes, with its length before it. */
  text(limit: number, what: string): string {
    const length = this.count(`the length of ${what}`);
    if (length > limit) refuseGguf(`${what} is ${length} bytes long by its length, the limit is ${limit}`);
    const begin = this.#step(length, what);
    try {
      return utf8.decode(this.#bytes.subarray(begin, begin + length));
    } catch {
      return refuseGguf(
        `${what} is not UTF-8: ${quoteName(latin1.decode(this.#bytes.subarray(begin, begin + 40)))}`,
      );
    }
  }

  /** Moves on by so many bytes, which are at hand, and says where they begin. */
  #step(bytes: number, what: string): number {
    const begin = this.#at;
    if (bytes > this.left)
      refuseGguf(
        `${what} needs ${bytes} bytes at ${begin}, and the file has ${this.#fileBytes}`,
        'It is cut off: fetch it again.',
      );
    if (begin + bytes > this.#bytes.length) throw new MoreNeeded();
    this.#at += bytes;
    return begin;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('latin1');

/** Numbers of a file by kind: bytes, and how they are read. All are little-endian. */
const numberKinds = {
  u8: [1, (view: DataView, at: number) => view.getUint8(at)],
  i8: [1, (view: DataView, at: number) => view.getInt8(at)],
  u16: [2, (view: DataView, at: number) => view.getUint16(at, true)],
  i16: [2, (view: DataView, at: number) => view.getInt16(at, true)],
  u32: [4, (view: DataView, at: number) => view.getUint32(at, true)],
  i32: [4, (view: DataView, at: number) => view.getInt32(at, true)],
  f32: [4, (view: DataView, at: number) => view.getFloat32(at, true)],
  u64: [8, (view: DataView, at: number) => Number(view.getBigUint64(at, true))],
  i64: [8, (view: DataView, at: number) => Number(view.getBigInt64(at, true))],
  f64: [8, (view: DataView, at: number) => view.getFloat64(at, true)],
} as const;

/** A kind of number. */
export type NumberKind = keyof typeof numberKinds;

/** Bytes of a number. */
export function numberBytes(kind: NumberKind): number {
  return numberKinds[kind][0];
}
