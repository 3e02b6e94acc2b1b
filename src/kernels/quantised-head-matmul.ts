// A product per head for a few rows with parts of a quantised matrix: the absorbed form of latent attention.
import source from '../../shaders/quantised-head-matmul.wgsl?raw';
import { type Dims, defineKernel } from '../plan/kernel.ts';
import type { QuantisedFormat } from '../plan/quantised.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { quantisedValue } from './quantise.ts';
import { formatBits, quantisedOf, quantisedSource, quantisedSpec } from './quantised-weights.ts';

const dimNames = [
  'columns',
  'inner',
  'rows',
  'heads',
  'outputs',
  'inputs',
  'xStride',
  'yStride',
  'firstColumn',
  'headColumns',
  'alongColumns',
] as const;

type Sizes = Dims<(typeof dimNames)[number]>;

/** The two products of absorbed decoding with a matrix [latent, heads · (keySize + valueSize)]. */
function absorbed(rows: number, heads: number, latent: number, keySize: number, valueSize: number): Sizes[] {
  const headColumns = keySize + valueSize;
  const common = { rows, heads, inner: latent, columns: heads * headColumns, headColumns };
  const keys = { outputs: latent, inputs: keySize, xStride: keySize + 2, yStride: latent + 2 };
  const values = { outputs: valueSize, inputs: latent, xStride: latent, yStride: valueSize };
  return [
    { ...common, ...keys, firstColumn: 0, alongColumns: 1 },
    { ...common, ...values, firstColumn: keySize, alongColumns: 0 },
  ];
}

// Head h uses columns [h · headColumns + firstColumn, …) of one matrix, once along its columns (queries into
// latents) and once along its inputs (latents into values): one layout of words serves both.
function kernelOf(format: QuantisedFormat) {
  return defineKernel({
    name: `quantisedHeadMatmul.${format}`,
    role: 'product',
    source: quantisedSource + source,
    entryPoint: 'main',
    dims: dimNames,
    reads: ['x', 'w'],
    writes: ['y'],
    constants: () => ({ bits: formatBits[format] }),
    tensors: ({ columns, inner, rows, heads, outputs, inputs, xStride, yStride }) => ({
      x: { shape: [(rows * heads - 1) * xStride + inputs] },
      w: quantisedSpec({ format, matrices: 1, inner, columns }),
      y: { shape: [(rows * heads - 1) * yStride + outputs] },
    }),
    selfTest: [...absorbed(1, 3, 37, 13, 21), ...absorbed(3, 2, 17, 5, 9)],
    calibration: [...absorbed(1, 4, 64, 32, 32), ...absorbed(1, 8, 256, 64, 64).slice(1)],
    // an invocation an output: one token has a few thousand of them
    workgroups: ({ rows, heads, outputs }) => Math.ceil((rows * heads * outputs) / 64),
    usefulFlops: ({ rows, heads, outputs, inputs }) => 2 * rows * heads * outputs * inputs,
    countedFlops: ({ rows, heads, outputs, inputs }) => 2 * rows * heads * outputs * inputs,
    // int4 takes half a byte and an eighth of a scale's word: 0.5 + 4 ÷ 32.
    // The part of the matrix that the heads share out, and its scales, which every row reads anew.
    bytes: ({ rows, heads, outputs, inputs }) =>
      rows * heads * (outputs * inputs * (format === 'int8' ? 1 : 0.625) + 4 * (outputs + inputs)),
    reference({ x, w, y }, sizes) {
      const { columns, inner, rows, heads, outputs, inputs, xStride, yStride } = sizes;
      for (let head = 0; head < rows * heads; head++) {
        for (let output = 0; output < outputs; output++) {
          let sum = 0;
          for (let k = 0; k < inputs; k++) {
            // Into latents the sum runs over a head's columns, out of them over its inputs.
            const [row, across] = sizes.alongColumns === 1 ? [output, k] : [k, output];
            const column = sizes.firstColumn + (head % heads) * sizes.headColumns + across;
            sum +=
              x[head * xStride + k] *
              quantisedValue(w as Uint32Array, 0, { format, inner, columns }, row, column);
          }
          y[head * yStride + output] = sum;
        }
      }
    },
  });
}

/** By format. */
export const quantisedHeadMatmul = { int8: kernelOf('int8'), int4: kernelOf('int4') } as const;

/** Sizes as headMatmul takes them: steps and offset in numbers of a row-major matrix. */
type StepSizes = Dims<
  'rows' | 'heads' | 'columns' | 'inner' | 'xStride' | 'yStride' | 'wOffset' | 'wHeadStep' | 'wInnerStep'
>;

/** Records headMatmul with a quantised matrix [latent, heads · columns of a head]. */
export function recordQuantisedHeadMatmul(
  tape: Tape,
  bindings: Readonly<Record<'x' | 'w' | 'y', Tensor>>,
  size: StepSizes,
): void {
  const { format, inner, columns } = quantisedOf(tape, bindings.w);
  // Steps in numbers become places in columns and inputs: words have no steps.
  const dims = {
    columns,
    inner,
    rows: size.rows,
    heads: size.heads,
    outputs: size.columns,
    inputs: size.inner,
    xStride: size.xStride,
    yStride: size.yStride,
    firstColumn: size.wOffset,
    headColumns: size.wHeadStep,
    alongColumns: size.wInnerStep === 1 ? 1 : 0,
  };
  tape.dispatch(quantisedHeadMatmul[format], dims, bindings);
}
