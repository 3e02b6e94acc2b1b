// Numbers of GGUF's blocks as 32-bit floats, exactly what llama.cpp multiplies by: one function a type.
// Source: the block structures of ggml-common.h; every type is held against the Python package gguf in the tests.
import { bfloat16ToFloat32, float16ToFloat32, fromFloat16 } from '../half-float.ts';
import type { GgufType } from './types.ts';

/** Writes the numbers of the block that begins at byte `from` to `values` from `to` on. */
type ReadBlock = (view: DataView, from: number, values: Float32Array, to: number) => void;

const half = (view: DataView, at: number) => fromFloat16(view.getUint16(at, true));

/** 32 nibbles in 16 bytes, the lower halves first; `fifth` gives bit 4 of number i. */
function nibbles(
  view: DataView,
  at: number,
  [scale, minimum]: readonly [number, number],
  values: Float32Array,
  to: number,
  fifth: (i: number) => number = () => 0,
): void {
  for (let i = 0; i < 16; i++) {
    const byte = view.getUint8(at + i);
    values[to + i] = scale * ((byte & 15) | (fifth(i) << 4)) + minimum;
    values[to + i + 16] = scale * ((byte >> 4) | (fifth(i + 16) << 4)) + minimum;
  }
}

/** Scale and minimum of group `j` of eight: twelve bytes hold 6 bits of each (get_scale_min_k4). */
function packedScale(view: DataView, at: number, j: number): readonly [scale: number, minimum: number] {
  const byte = (i: number) => view.getUint8(at + i);
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [(byte(j + 4) & 15) | ((byte(j - 4) >> 6) << 4), (byte(j + 4) >> 4) | ((byte(j) >> 6) << 4)];
}

/** Eight groups of 32 with scales of 6 bits; pairs of groups share bytes. `high` is where fifth bits begin, if there are any. */
function superBlock(view: DataView, from: number, values: Float32Array, to: number, high?: number): void {
  const [scale, minimum] = [half(view, from), half(view, from + 2)];
  const low = from + 16 + (high === undefined ? 0 : 32);
  for (let group = 0; group < 8; group++) {
    const [scales, minimums] = packedScale(view, from + 4, group);
    // Rounded to 32 bits where llama.cpp does.
    const [step, offset] = [Math.fround(scale * scales), Math.fround(minimum * minimums)];
    for (let i = 0; i < 32; i++) {
      const byte = view.getUint8(low + (group >> 1) * 32 + i);
      const nibble = group % 2 === 0 ? byte & 15 : byte >> 4;
      const fifth = high === undefined ? 0 : (view.getUint8(high + i) >> group) & 1;
      values[to + group * 32 + i] = Math.fround(step * (nibble | (fifth << 4))) - offset;
    }
  }
}

/** Sixteen groups of 16: four lower bits, two upper ones, a signed scale of 8 bits each. */
function sixBits(view: DataView, from: number, values: Float32Array, to: number): void {
  const scale = half(view, from + 208);
  for (let i = 0; i < 256; i++) {
    const [part, at] = [i >> 7, i & 127]; // 128 numbers share 64 bytes of lower and 32 of upper bits
    const lower = (view.getUint8(from + part * 64 + (at & 63)) >> (at < 64 ? 0 : 4)) & 15;
    const upper = (view.getUint8(from + 128 + part * 32 + (at & 31)) >> (2 * (at >> 5))) & 3;
    const step = Math.fround(scale * view.getInt8(from + 192 + (i >> 4)));
    values[to + i] = step * ((lower | (upper << 4)) - 32);
  }
}

const blocks: Readonly<Record<string, ReadBlock>> = {
  Q4_0: (view, from, values, to) => {
    const scale = half(view, from);
    nibbles(view, from + 2, [scale, -8 * scale], values, to);
  },
  Q4_1: (view, from, values, to) =>
    nibbles(view, from + 4, [half(view, from), half(view, from + 2)], values, to),
  Q5_0: (view, from, values, to) => {
    const [scale, high] = [half(view, from), view.getUint32(from + 2, true)];
    nibbles(view, from + 6, [scale, -16 * scale], values, to, (i) => (high >>> i) & 1);
  },
  Q5_1: (view, from, values, to) => {
    const high = view.getUint32(from + 4, true);
    nibbles(view, from + 8, [half(view, from), half(view, from + 2)], values, to, (i) => (high >>> i) & 1);
  },
  Q8_0: (view, from, values, to) => {
    const scale = half(view, from);
    for (let i = 0; i < 32; i++) values[to + i] = scale * view.getInt8(from + 2 + i);
  },
  Q4_K: (view, from, values, to) => superBlock(view, from, values, to),
  Q5_K: (view, from, values, to) => superBlock(view, from, values, to, from + 16),
  Q6_K: sixBits,
};

/** Names of the types that are read. */
export const readableTypes: readonly string[] = ['F32', 'F16', 'BF16', ...Object.keys(blocks)];

/** The numbers of whole blocks, or of plain floats. @throws for a type that is not read; ask `readableTypes` first */
export function dequantise(type: GgufType, bytes: Uint8Array): Float32Array {
  const count = (bytes.length / type.bytes) * type.elements;
  switch (type.name) {
    case 'F32':
      return new Float32Array(aligned(bytes), 0, count);
    case 'F16':
      return float16ToFloat32(new Uint16Array(aligned(bytes), 0, count));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(aligned(bytes), 0, count));
  }
  const read = blocks[type.name];
  if (!read) throw new Error(`gguf: ${type.name} is not read. Ask readableTypes first.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float32Array(count);
  for (let block = 0; block * type.bytes < bytes.length; block++)
    read(view, block * type.bytes, values, block * type.elements);
  return values;
}

/** The same bytes where typed arrays can begin. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer;
}
