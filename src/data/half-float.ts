// 16-bit floats, IEEE 754 binary16 and bfloat16: widens them to 32 bits, every value exactly, and rounds to both.

/** Binary16 bit patterns as numbers of the same value; NaN stays NaN. */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const table = float16Table();
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]];
  return values;
}

/** Bfloat16 bit patterns as numbers of the same value: a bfloat16 is the upper half of a 32-bit float. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i] << 16;
  return new Float32Array(wide.buffer);
}

/** The nearest binary16 patterns, halves to even, subnormal ones included; infinite past the largest. NaN stays NaN. */
export function float32ToFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const source = words(values);
  const bits = new Uint16Array(source.length);
  for (let i = 0; i < bits.length; i++) {
    const word = source[i];
    const magnitude = word & 0x7fff_ffff;
    let half: number;
    if (magnitude > 0x7f80_0000) half = 0x7e00;
    else if (magnitude >= 0x477f_f000)
      half = 0x7c00; // from 65 520 on the nearest is infinite
    else if (magnitude < 0x3880_0000)
      half = roundToEven(Math.abs(values[i]) * 2 ** 24); // below 2^-14: subnormal
    // Half of what is cut off is added, less one for even results, and the bias changes from 127 to 15.
    else half = (magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x3800_0000) >>> 13;
    bits[i] = ((word >>> 16) & 0x8000) | half;
  }
  return bits;
}

/** The nearest bfloat16 patterns, halves to even; infinite past the largest. NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const source = words(values);
  const bits = new Uint16Array(source.length);
  for (let i = 0; i < bits.length; i++) {
    const word = source[i];
    const isNumber = (word & 0x7fff_ffff) <= 0x7f80_0000;
    bits[i] = isNumber ? (word + 0x7fff + ((word >>> 16) & 1)) >>> 16 : (word >>> 16) | 0x40;
  }
  return bits;
}

function words({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const above = value - floor;
  return floor + (above > 0.5 || (above === 0.5 && floor % 2 === 1) ? 1 : 0);
}

/** Largest finite binary16, and smallest that every GPU keeps: WGSL lets subnormal ones become 0. */
export const [largestFloat16, smallestFloat16] = [65_504, 2 ** -14];

/**
 * The binary16 pattern nearest to a number, ties to even; 0 below half of `smallestFloat16`, so that no subnormal comes out.
 * @throws beyond `largestFloat16` and for what is no number
 */
export function toFloat16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude <= largestFloat16)) {
    throw new Error(`float16: ${value} is beyond ±${largestFloat16}. Keep it in 32 bits.`);
  }
  const sign = value < 0 ? 0x8000 : 0;
  if (magnitude < smallestFloat16) return sign | (magnitude < smallestFloat16 / 2 ? 0 : 0x0400);
  const exponent = Math.floor(Math.log2(magnitude));
  const steps = (magnitude / 2 ** exponent) * 1024; // 1024 to 2048, of which a rounding up to 2048 carries over
  return sign | (((exponent + 15) << 10) + roundToEven(steps) - 1024);
}

/** The nearest binary16 number, subnormal ones included, halves to even; infinite past the largest. */
export function roundToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < Number.POSITIVE_INFINITY)) return value;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const step = 2 ** (exponent - 10);
  const rounded = roundToEven(magnitude / step) * step; // both exact
  return Math.sign(value) * (rounded > largestFloat16 ? Number.POSITIVE_INFINITY : rounded);
}

/** The number that a binary16 pattern stands for. */
export function fromFloat16(bits: number): number {
  return float16Table()[bits] ?? Number.NaN;
}

let cachedTable: Float32Array | undefined;

/** The values of all 65 536 patterns, made at the first use: 256 KiB make a lookup of each conversion. */
function float16Table(): Float32Array {
  if (cachedTable) return cachedTable;
  const table = new Float32Array(0x1_0000);
  for (let bits = 0; bits < table.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 0x3ff;
    if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0)
      table[bits] = sign * fraction * 2 ** -24; // subnormal
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  cachedTable = table;
  return table;
}
