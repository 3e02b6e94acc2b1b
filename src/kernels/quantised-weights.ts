// What all kernels over quantised weights declare alike: the shader text that reads them, its constants, and test values.
import source from '../../shaders/quantised-weights.wgsl?raw';
import { toFloat16 } from '../data/half-float.ts';
import type { BindingSpec, NumberArray } from '../plan/kernel.ts';
import {
  matrixWords,
  type QuantisedFormat,
  type QuantisedMatrices,
  type QuantisedMatrix,
  quantisedWords,
  scalePlace,
} from '../plan/quantised.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';
import { bitsOfFloat, quantisedValue } from './quantise.ts';

/** WGSL text that stands before every product with quantised weights, prologue included. */
export const quantisedSource: string = prologue + source;

/** Bits of a value: the constant by which the shader tells the formats. */
export const formatBits: Readonly<Record<QuantisedFormat, number>> = { int8: 8, int4: 4 };

/** The binding of such matrices: words of any values, and scales of about a weight's size. */
export function quantisedSpec(of: QuantisedMatrices): BindingSpec {
  let scales: Uint8Array | undefined;
  return {
    shape: [quantisedWords(of)],
    elementType: 'u32',
    fill: (uniform, index) => {
      // Random words would be random scales, infinities among them: scales get numbers of a weight's size.
      scales ??= scalePlaces(of);
      if (scales[index % scales.length] === 0) return Math.floor(uniform * 2 ** 32);
      if (of.format === 'int8') return bitsOfFloat((1 + uniform) / 128);
      return toFloat16((1 + uniform) / 8) + toFloat16(-1 - uniform) * 0x1_0000;
    },
  };
}

/** 1 for each word of a matrix that holds scales. */
function scalePlaces(matrix: QuantisedMatrix): Uint8Array {
  const places = new Uint8Array(matrixWords(matrix));
  for (let c = 0; c < matrix.columns; c++)
    for (let k = 0; k < matrix.inner; k++) places[scalePlace(matrix, k, c)] = 1;
  return places;
}

/** The numbers of one column, by input. */
export function quantisedColumn(
  words: NumberArray,
  start: number,
  matrix: QuantisedMatrix,
  column: number,
): Float64Array {
  return Float64Array.from({ length: matrix.inner }, (_, k) =>
    quantisedValue(words as Uint32Array, start, matrix, k, column),
  );
}

/** Bytes of the words and scales that reading every weight once takes. */
export function quantisedBytes(of: QuantisedMatrices): number {
  return 4 * quantisedWords(of);
}

/** What a weight holds. @throws if it is not quantised, or while training: gradients want the weights' own numbers */
export function quantisedOf(tape: Tape, w: Tensor): QuantisedMatrices {
  const { quantised } = w;
  if (!quantised) throw new Error(`quantised product: ${describeTensor(w)} is not quantised. Use matmul.`);
  if (tape.training)
    throw new Error(`quantised product: ${describeTensor(w)} has no gradients. Train with f32 weights.`);
  return quantised;
}
