// Widens 16-bit floats to 32 bits: IEEE 754 binary16 and bfloat16, every value exactly.

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
