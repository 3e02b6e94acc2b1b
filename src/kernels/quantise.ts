// Rounds matrices to int8 and int4, and back: the numbers behind the layout of src/plan/quantised.ts. Round to nearest.
//
// int8, a column: scale = max |w| ÷ 127 in f32, q = round(w ÷ scale), halves away from zero; w ≈ scale · q.
// int4, 32 inputs of a column: minimum = min w and scale = (max w − minimum) ÷ 15, both rounded to f16 first,
// q = round((w − minimum) ÷ scale) within 0 … 15, halves up; w ≈ minimum + scale · q. This is what GGUF calls Q4_1. Numbers that
// are such steps already, as those of GGUF's Q4_0 and Q4_1, are kept exactly; their scale may be below 0.
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
    const [minimum, scale] =
      exactSteps(values, { first: first + start * step.inner, step: step.inner, count: end - start }, [
        low,
        high,
      ]) ?? roundedSteps(low, high);
    // Minimum and scale in half precision share a word: 32 inputs take 16 bytes of nibbles and 4 of these.
    words[scalePlace(source, start, column)] = toFloat16(scale) | (toFloat16(minimum) << 16);
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

/** Fifteen steps from the rounded minimum reach the largest number, whichever way it was rounded. */
function roundedSteps(low: number, high: number): readonly [minimum: number, scale: number] {
  const minimum = roundedToHalf(low);
  return [minimum, roundedToHalf(Math.max(0, high - minimum) / 15)];
}

/** How far from whole a number of steps may look, where a sum was rounded to 24 bits. */
const nearly = 1e-3;

/** Which numbers of a matrix are a group. */
interface Group {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/**
 * Minimum and scale in f16 of which every number of a group is exactly so many steps, counted from its least number or, with a
 * scale below 0, from its largest; undefined where there are none. A quantised group need not use its first step: the minimum is
 * looked for up to as many steps further as fifteen leave.
 */
function exactSteps(
  values: Float32Array,
  group: Group,
  [low, high]: readonly [low: number, high: number],
): readonly [minimum: number, scale: number] | undefined {
  if (high === low) return undefined;
  // One number between the two tells most numbers of steps apart from what can be: other groups cost little more than before.
  const end = group.first + group.step * group.count;
  let at = group.first;
  while (at < end && (values[at] === low || values[at] === high)) at += group.step;
  const share = at < end ? (values[at] - low) / (high - low) : 0;
  for (let steps = 1; steps <= 15; steps++) {
    if (Math.abs(share * steps - Math.round(share * steps)) > nearly) continue;
    const size = (high - low) / steps;
    if (!areSteps(values, group, low, size) || roundedToHalf(size) !== size) continue;
    for (const [from, scale] of [
      [low, size],
      [high, -size],
    ] as const) {
      for (let further = 0; further <= 15 - steps; further++) {
        const minimum = from - further * scale;
        if (Math.abs(minimum) <= largestFloat16 && roundedToHalf(minimum) === minimum)
          return [minimum, scale];
      }
    }
  }
  return undefined;
}

/** Whether numbers are whole steps from the least one; of any numbers the second or third is not. */
function areSteps(values: Float32Array, { first, step, count }: Group, low: number, size: number): boolean {
  for (let k = 0, at = first; k < count; k++, at += step) {
    const steps = (values[at] - low) / size;
    const whole = Math.round(steps);
    if (Math.abs(steps - whole) > nearly || Math.fround(low + whole * size) !== values[at]) return false;
  }
  return true;
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

function roundedToHalf(value: number): number {
  return fromFloat16(toFloat16(value));
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
