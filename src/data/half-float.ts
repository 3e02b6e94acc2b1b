// 16-bit floats, IEEE 754 binary16 and bfloat16: widens them to 32 bits, every value exactly, and rounds to binary16.

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
  const floor = Math.floor(steps);
  const above = steps - floor;
  const rounded = floor + (above > 0.5 || (above === 0.5 && floor % 2 === 1) ? 1 : 0);
  return sign | (((exponent + 15) << 10) + rounded - 1024);
}

/** The nearest binary16 number, subnormal ones included, halves to even; infinite past the largest. */
export function roundToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < Number.POSITIVE_INFINITY)) return value;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const step = 2 ** (exponent - 10);
  const steps = magnitude / step; // exact, and so is the difference
  const floor = Math.floor(steps);
  const above = steps - floor;
  const rounded = (floor + (above > 0.5 || (above === 0.5 && floor % 2 === 1) ? 1 : 0)) * step;
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
