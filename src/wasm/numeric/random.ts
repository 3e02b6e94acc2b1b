// The counter-based generator: pcg4d (Jarzynski and Olano 2020), equal to the shaders'.

/** Factor that spreads operations over seeds. */
const golden: u32 = 2654435769;

/** Uniform in [0, 1) with 24 bits. */
export function randomUniform(seed: u32, step: u32, sample: u32, operation: u32, element: u32): f32 {
  let a = (seed + operation * golden) * 1664525 + 1013904223;
  let b = step * 1664525 + 1013904223;
  let c = sample * 1664525 + 1013904223;
  let d = element * 1664525 + 1013904223;
  a += b * d;
  b += c * a;
  c += a * b;
  d += b * c;
  a ^= a >> 16;
  b ^= b >> 16;
  c ^= c >> 16;
  d ^= d >> 16;
  a += b * d;
  return <f32>(a >> 8) / 16777216;
}
