// The counter-based generator: pcg4d (Jarzynski and Olano 2020), equal to the shaders'.

/** Factor that spreads operations over seeds. */
const golden: u32 = 2654435769;

/** Uniform in [0, 1) with 24 bits. */
export function randomUniform(seed: u32, step: u32, sample: u32, operation: u32, element: u32): f32 {
  return <f32>(randomWord(seed + operation * golden, step, sample, element) >> 8) / 16777216;
}

/** The first of four 32-bit words for a counter. */
export function randomWord(x: u32, y: u32, z: u32, w: u32): u32 {
  let a = x * 1664525 + 1013904223;
  let b = y * 1664525 + 1013904223;
  let c = z * 1664525 + 1013904223;
  let d = w * 1664525 + 1013904223;
  a += b * d;
  b += c * a;
  c += a * b;
  d += b * c;
  a ^= a >> 16;
  b ^= b >> 16;
  c ^= c >> 16;
  d ^= d >> 16;
  return a + b * d;
}
