// Tests of the 16-bit float conversions against the bits of the standards.
import { expect, test } from 'vitest';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  fromFloat16,
  roundToFloat16,
  toFloat16,
} from '../../src/data/half-float.ts';

test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24], // smallest subnormal
  [0x03ff, 1023 * 2 ** -24], // largest subnormal
  [0x0400, 2 ** -14], // smallest normal
  [0x3555, 0.333251953125],
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65504], // largest
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
])('binary16 %i is %s', (bits, value) => {
  expect(float16ToFloat32(Uint16Array.of(bits))[0]).toBe(value);
});

test('finite binary16 patterns of one sign rise with their bits', () => {
  const values = float16ToFloat32(Uint16Array.from({ length: 0x7c01 }, (_, bits) => bits));
  for (let i = 1; i < values.length; i++) if (!(values[i] > values[i - 1])) expect.fail(`at ${i}`);
  expect(values[0x7c00]).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x3f80, 1],
  [0xc040, -3],
  [0x4049, 3.140625],
  [0x0001, 2 ** -133], // smallest subnormal
  [0x7f80, Number.POSITIVE_INFINITY],
  [0x7fc0, Number.NaN],
])('bfloat16 %i is %s', (bits, value) => {
  expect(bfloat16ToFloat32(Uint16Array.of(bits))[0]).toBe(value);
});

test.each([
  [0, 0],
  [1, 0x3c00],
  [-2, 0xc000],
  [65_504, 0x7bff],
  [1 + 1 / 2048, 0x3c00], // halfway, to even
  [1 + 3 / 2048, 0x3c02],
  [2047 / 1024 + 1 / 2048, 0x4000], // rounds up to the next power
  [2 ** -14, 0x0400],
  [2 ** -15, 0x0400], // no subnormal: the nearer of 0 and the smallest
  [2 ** -16, 0],
])('%s rounds to binary16 %i', (value, bits) => {
  expect(toFloat16(value)).toBe(bits);
});

test('every normal binary16 value rounds to itself', () => {
  for (let bits = 0x0400; bits < 0x7c00; bits++)
    if (toFloat16(fromFloat16(bits)) !== bits) expect.fail(`${bits}`);
});

test.each([65_505, Number.NEGATIVE_INFINITY, Number.NaN])('%s is refused', (value) => {
  expect(() => toFloat16(value)).toThrow(`float16: ${value} is beyond ±65504`);
});

test('rounding keeps what binary16 holds, and takes what lies between to the nearest, halves to even', () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    const [value, next] = [fromFloat16(bits), bits < 0x7bff ? fromFloat16(bits + 1) : 65_536];
    const rounded = [value, value + 0.49 * (next - value), -(value + 0.51 * (next - value))].map(
      roundToFloat16,
    );
    const above = next > 65_504 ? Number.POSITIVE_INFINITY : next;
    if (rounded[0] !== value || rounded[1] !== value || rounded[2] !== -above) expect.fail(`at ${bits}`);
    const middle = roundToFloat16((value + next) / 2);
    if (middle !== (bits % 2 === 0 ? value : above)) expect.fail(`between ${bits} and ${bits + 1}`);
  }
  expect(roundToFloat16(Number.NaN)).toBeNaN();
});

test('every binary16 and bfloat16 comes back from 32 bits as it was; what lies between goes to the nearest, halves to even', () => {
  const all = Uint16Array.from({ length: 0x1_0000 }, (_, bits) => bits);
  const isNaN16 = (bits: number) => (bits & 0x7fff) > 0x7c00;
  const half = float32ToFloat16(float16ToFloat32(all));
  expect(all.filter((bits) => !isNaN16(bits) && half[bits] !== bits)).toHaveLength(0);
  const isNaNB = (bits: number) => (bits & 0x7fff) > 0x7f80;
  const brain = float32ToBfloat16(bfloat16ToFloat32(all));
  expect(all.filter((bits) => !isNaNB(bits) && brain[bits] !== bits)).toHaveLength(0);
  expect(float16ToFloat32(float32ToFloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  expect(bfloat16ToFloat32(float32ToBfloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  const between = Float32Array.from({ length: 4000 }, (_, i) => (i % 2 ? -1 : 1) * 1.0131 ** (i - 2000) * 3);
  expect([...float16ToFloat32(float32ToFloat16(between))]).toEqual([...between].map(roundToFloat16));
  // Of a bfloat16's neighbours none is nearer, and of two as near it is the even one.
  for (const value of [1.00390625, 1.01171875, 3.3, -2.7182817, 1e-39]) {
    const [bits] = float32ToBfloat16(Float32Array.of(value));
    const [below, here, above] = bfloat16ToFloat32(Uint16Array.of(bits - 1, bits, bits + 1));
    const distance = Math.abs(here - Math.fround(value));
    for (const other of [below, above]) {
      const there = Math.abs(other - Math.fround(value));
      expect(distance < there || (distance === there && bits % 2 === 0)).toBe(true);
    }
  }
  expect(float32ToBfloat16(Float32Array.of(3.4e38, -3.4e38))).toEqual(Uint16Array.of(0x7f80, 0xff80));
});
