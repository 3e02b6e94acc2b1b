// The text that opens every shader, and the counter-based generator's twin for references.
import prologueSource from '../../shaders/prologue.wgsl?raw';

/** WGSL text of the prologue: `struct Launch`, `struct Step`, `linearWorkgroup`, `randomUniform`. */
export const prologue: string = prologueSource;

/** Four 32-bit words for a counter: pcg4d (Jarzynski and Olano 2020), equal to `randomWords` in WGSL. */
export function randomWords(x: number, y: number, z: number, w: number): [number, number, number, number] {
  const mad = (a: number) => (Math.imul(a, 1664525) + 1013904223) | 0;
  let [a, b, c, d] = [mad(x), mad(y), mad(z), mad(w)];
  const mix = () => {
    a = (a + Math.imul(b, d)) | 0;
    b = (b + Math.imul(c, a)) | 0;
    c = (c + Math.imul(a, b)) | 0;
    d = (d + Math.imul(b, c)) | 0;
  };
  mix();
  [a, b, c, d] = [a ^ (a >>> 16), b ^ (b >>> 16), c ^ (c >>> 16), d ^ (d >>> 16)];
  mix();
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** Uniform in [0, 1) with 24 bits, equal to `randomUniform` in WGSL. */
export function randomUniform(
  seed: number,
  step: number,
  sample: number,
  operation: number,
  element: number,
): number {
  const [word] = randomWords((seed + Math.imul(operation, 2654435769)) | 0, step, sample, element);
  return (word >>> 8) / 16777216;
}
