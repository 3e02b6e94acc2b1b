// Rounds matrices to int8 and int4, and back: the numbers behind the layout of src/plan/quantised.ts. Round to nearest.
//
// int8, a column: scale = max |w| ÷ 127 in f32, q = round(w ÷ scale), halves away from zero; w ≈ scale · q.
// int4, 32 inputs of a column: minimum = min w and scale = (max w − minimum) ÷ 15, both rounded to f16 first,
// q = round((w − minimum) ÷ scale) within 0 … 15, halves up; w ≈ minimum + scale · q. This is what GGUF calls Q4_1.
import { fromFloat16, largestFloat16, toFloat16 } from '../data/half-float.ts';
import {
  blockPitch,
  groupInputs,
  matrixWords,
  type QuantisedMatrices,
  type QuantisedMatrix,
  quantisedWords,
  scalePlace,
  wordPlace,
} from '../plan/quantised.ts';

/** How a parameter's numbers lie before: a table [outputs, inputs], or matrices [inputs, outputs]. */
export interface QuantisedSource extends QuantisedMatrices {
  readonly isTable: boolean;
}

/** Where the number of an input and a column lies among those of a matrix. */
function stepsOf({ inner, columns, isTable }: QuantisedSource): { inner: number; column: number } {
  return isTable ? { inner: 1, column: inner } : { inner: columns, column: 1 };
}

/**
 * Packs the numbers of a parameter.
 * @param values as many as the matrices have, in the parameter's own order
 * @returns the words of src/plan/quantised.ts
 * @throws for a number that is not finite, or that int4 cannot hold
 */
export function quantise(name: string, values: Float32Array, source: QuantisedSource): Uint32Array {
  const { format, matrices, inner, columns } = source;
  const size = inner * columns;
  if (values.length !== matrices * size)
    throw new Error(`quantise: ${name} has ${values.length} numbers, and ${matrices * size} are needed.`);
  const limit = format === 'int4' ? largestFloat16 : 3.4e38;
  const wrong = values.findIndex((value) => !(Math.abs(value) <= limit));
  if (wrong >= 0) {
    throw new Error(
      `quantise: number ${wrong} of ${name} is ${values[wrong]}, and ${format} holds finite numbers up to ${limit}. ` +
        'Use f32 weights.',
    );
  }
  const words = new Uint32Array(quantisedWords(source));
  for (let matrix = 0; matrix < matrices; matrix++) {
    const from = values.subarray(matrix * size, (matrix + 1) * size);
    const into = words.subarray(matrix * matrixWords(source), (matrix + 1) * matrixWords(source));
    for (let c = 0; c < columns; c++) {
      if (format === 'int8') packInt8(from, into, source, c);
      else packInt4(from, into, source, c);
    }
  }
  return words;
}

function packInt8(values: Float32Array, words: Uint32Array, source: QuantisedSource, column: number): void {
  const { inner } = source;
  const step = stepsOf(source);
  const first = column * step.column;
  let largest = 0;
  for (let k = 0; k < inner; k++) largest = Math.max(largest, Math.abs(values[first + k * step.inner]));
  // ±127 and not −128: negating a matrix must negate what it is rounded to.
  const scale = Math.fround(largest / 127);
  words[scalePlace(source, 0, column)] = bitsOfFloat(scale);
  if (scale === 0) return;
  const pitch = blockPitch(source, column);
  let place = wordPlace(source, 0, column);
  for (let k = 0; k < inner; place += pitch) {
    let word = 0;
    // Four inputs of one column a word, the first in the low byte: a shader takes them apart by shifts.
    for (let shift = 0; shift < 32 && k < inner; shift += 8, k++) {
      const exact = values[first + k * step.inner] / scale;
      const rounded = exact < 0 ? -((0.5 - exact) | 0) : (exact + 0.5) | 0;
      word |= (Math.max(-127, Math.min(127, rounded)) & 255) << shift; // a subnormal scale is a rough one
    }
    words[place] = word;
  }
}

function packInt4(values: Float32Array, words: Uint32Array, source: QuantisedSource, column: number): void {
  const { inner } = source;
  const step = stepsOf(source);
  const pitch = blockPitch(source, column);
  const first = column * step.column;
  for (let start = 0; start < inner; start += groupInputs) {
    const end = Math.min(start + groupInputs, inner);
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let k = start; k < end; k++) {
      const value = values[first + k * step.inner];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    // Minimum and scale in half precision share a word: 32 inputs take 16 bytes of nibbles and 4 of these.
    const minimumBits = toFloat16(low);
    const minimum = fromFloat16(minimumBits);
    // From the rounded minimum: fifteen steps from there reach the largest number, whichever way it was
    // rounded.
    const scaleBits = toFloat16(Math.max(0, high - minimum) / 15);
    const scale = fromFloat16(scaleBits);
    words[scalePlace(source, start, column)] = scaleBits | (minimumBits << 16);
    if (scale === 0) continue;
    let place = wordPlace(source, start, column);
    for (let k = start; k < end; place += pitch) {
      let word = 0;
      for (let shift = 0; shift < 32 && k < end; shift += 4, k++) {
        const nibble = ((values[first + k * step.inner] - minimum) / scale + 0.5) | 0;
        word |= Math.max(0, Math.min(15, nibble)) << shift;
      }
      words[place] = word;
    }
  }
}

/** One number of a quantised matrix that starts at word `start`. */
export function quantisedValue(
  words: Uint32Array,
  start: number,
  matrix: QuantisedMatrix,
  input: number,
  column: number,
): number {
  const word = words[start + wordPlace(matrix, input, column)];
  const scale = words[start + scalePlace(matrix, input, column)];
  if (matrix.format === 'int8') return ((word << (24 - 8 * (input & 3))) >> 24) * floatOfBits(scale);
  return fromFloat16(scale >>> 16) + fromFloat16(scale & 0xffff) * ((word >>> (4 * (input & 7))) & 15);
}

const floatBits = new Uint32Array(1);
const floatView = new Float32Array(floatBits.buffer);

/** The bits of an f32. */
export function bitsOfFloat(value: number): number {
  floatView[0] = value;
  return floatBits[0];
}

/** The f32 of some bits. */
export function floatOfBits(bits: number): number {
  floatBits[0] = bits;
  return floatView[0];
}

/** The numbers that a quantised parameter stands for, in the parameter's own order. */
export function dequantise(words: Uint32Array, source: QuantisedSource): Float32Array<ArrayBuffer> {
  const { matrices, inner, columns } = source;
  const step = stepsOf(source);
  const values = new Float32Array(matrices * inner * columns);
  for (let matrix = 0; matrix < matrices; matrix++) {
    for (let k = 0; k < inner; k++) {
      for (let c = 0; c < columns; c++) {
        const place = matrix * inner * columns + k * step.inner + c * step.column;
        values[place] = quantisedValue(words, matrix * matrixWords(source), source, k, c);
      }
    }
  }
  return values;
}
