// Writes GGUF files for tests: metadata, and tensors of given bytes.
import { ggufTypes } from '../../../src/data/gguf/types.ts';

/** A value with the kind that it is written as. */
export type Typed =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly i32s: readonly number[] }
  | { readonly f32s: readonly number[] };

/** A tensor to be written: sizes row-major, type by name. */
export interface WrittenTensor {
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Bytes that are put together one after the other. */
export class Bytes {
  readonly #parts: Uint8Array[] = [];
  length = 0;

  add(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.length += bytes.length;
    return this;
  }
  #number(bytes: number, write: (view: DataView) => void): this {
    const view = new DataView(new ArrayBuffer(bytes));
    write(view);
    return this.add(new Uint8Array(view.buffer));
  }
  u8(value: number): this {
    return this.#number(1, (view) => view.setUint8(0, value));
  }
  u32(value: number): this {
    return this.#number(4, (view) => view.setUint32(0, value, true));
  }
  f32(value: number): this {
    return this.#number(4, (view) => view.setFloat32(0, value, true));
  }
  u64(value: number | bigint): this {
    return this.#number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }
  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.u64(bytes.length).add(bytes);
  }
  padTo(multiple: number): this {
    return this.add(new Uint8Array((multiple - (this.length % multiple)) % multiple));
  }
  whole(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** A file of version 3. */
export function writeGguf(
  metadata: Readonly<Record<string, Typed>>,
  tensors: ReadonlyMap<string, WrittenTensor> = new Map(),
): Uint8Array<ArrayBuffer> {
  const file = new Bytes().u32(0x46554747).u32(3).u64(tensors.size).u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) addValue(file.text(key), value);
  let offset = 0;
  for (const [name, { type, shape, bytes }] of tensors) {
    file.text(name).u32(shape.length);
    for (const size of [...shape].reverse()) file.u64(size);
    file.u32(idOf(type)).u64(offset);
    offset += Math.ceil(bytes.length / 32) * 32;
  }
  for (const { bytes } of tensors.values()) file.padTo(32).add(bytes);
  return file.padTo(32).whole();
}

function addValue(file: Bytes, value: Typed): void {
  if ('u32' in value) file.u32(4).u32(value.u32);
  else if ('f32' in value) file.u32(6).f32(value.f32);
  else if ('bool' in value) file.u32(7).u8(Number(value.bool));
  else if ('text' in value) file.u32(8).text(value.text);
  else if ('texts' in value) {
    file.u32(9).u32(8).u64(value.texts.length);
    for (const text of value.texts) file.text(text);
  } else if ('i32s' in value) {
    file.u32(9).u32(5).u64(value.i32s.length);
    for (const number of value.i32s) file.u32(number);
  } else {
    file.u32(9).u32(6).u64(value.f32s.length);
    for (const number of value.f32s) file.f32(number);
  }
}

function idOf(name: string): number {
  for (const [id, type] of ggufTypes) if (type.name === name) return id;
  throw new Error(`${name} is no type of GGUF.`);
}
