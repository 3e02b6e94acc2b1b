// A product per head for each row, with matrices that are parts of a larger one: the absorbed form of latent attention.
import source from '../../shaders/head-matmul.wgsl?raw';
import { type Dims, defineKernel } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';
import { recordQuantisedHeadMatmul } from './quantised-head-matmul.ts';

const dims = [
  'rows',
  'heads',
  'columns',
  'inner',
  'xStride',
  'yStride',
  'wOffset',
  'wHeadStep',
  'wColumnStep',
  'wInnerStep',
] as const;

/** Sizes of the products, and where x, w and y of a head lie: steps in elements. Rows are `heads` strides long. */
export type HeadMatmulSize = Dims<(typeof dims)[number]>;

/** The two products of absorbed decoding with a matrix [latent, heads · (keySize + valueSize)]. */
function absorbed(rows: number, heads: number, latent: number, keySize: number, valueSize: number) {
  const pair = keySize + valueSize;
  const stride = heads * pair;
  const common = { rows, heads, wHeadStep: pair };
  // Steps besides the natural ones: queries and rows of the cache have rotated parts between the heads.
  const keys = { columns: latent, inner: keySize, xStride: keySize + 2, yStride: latent + 2 };
  const values = { columns: valueSize, inner: latent, xStride: latent, yStride: valueSize };
  return [
    { ...common, ...keys, wOffset: 0, wColumnStep: stride, wInnerStep: 1 },
    { ...common, ...values, wOffset: keySize, wColumnStep: 1, wInnerStep: stride },
  ];
}

function variant(name: 'tree' | 'plain') {
  const isTree = name === 'tree';
  return defineKernel({
    name: `headMatmul/${name}`,
    role: 'product',
    source: prologue + source,
    entryPoint: name,
    dims,
    reads: ['x', 'w'],
    writes: ['y'],
    // Neighbouring invocations follow the side of w that is contiguous: along the sum, or across columns.
    constants: ({ wInnerStep }) => ({ alongInner: wInnerStep === 1 ? 1 : 0 }),
    // On software adapters the sums in workgroup memory cost more than idle lanes.
    suits: (_, device) => !isTree || !isSoftwareLike(device),
    tensors: (size) => {
      const { rows, heads, columns, inner, xStride, yStride, wOffset, wHeadStep, wColumnStep, wInnerStep } =
        size;
      const last = (heads - 1) * wHeadStep + (columns - 1) * wColumnStep + (inner - 1) * wInnerStep;
      return {
        x: { shape: [(rows * heads - 1) * xStride + inner] },
        w: { shape: [wOffset + last + 1] },
        y: { shape: [(rows * heads - 1) * yStride + columns] },
      };
    },
    selfTest: [...absorbed(1, 3, 37, 13, 21), ...absorbed(3, 2, 17, 5, 9)],
    calibration: [...absorbed(1, 4, 64, 32, 32), ...absorbed(1, 8, 256, 64, 64).slice(1)],
    // 16 columns of a head a workgroup, or an invocation a column
    workgroups: ({ rows, heads, columns }) =>
      isTree ? rows * heads * Math.ceil(columns / 16) : Math.ceil((rows * heads * columns) / 64),
    usefulFlops: ({ rows, heads, columns, inner }) => 2 * rows * heads * columns * inner,
    countedFlops: ({ rows, heads, columns, inner }) => 2 * rows * heads * columns * inner,
    launchedFlops: ({ rows, heads, columns, inner }) =>
      2 * rows * inner * (isTree ? heads * Math.ceil(columns / 16) * 16 : heads * columns),
    // Every row reads the matrix anew.
    bytes: ({ rows, heads, columns, inner }) => 4 * rows * heads * (columns * inner + columns + inner),
    reference({ x, w, y }, size) {
      const { rows, heads, columns, inner, xStride, yStride, wOffset, wHeadStep, wColumnStep, wInnerStep } =
        size;
      for (let head = 0; head < rows * heads; head++) {
        for (let column = 0; column < columns; column++) {
          const start = wOffset + (head % heads) * wHeadStep + column * wColumnStep;
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += x[head * xStride + k] * w[start + k * wInnerStep];
          y[head * yStride + column] = sum;
        }
      }
    },
  });
}

/** Variants, the one to prefer first. */
export const headMatmuls: readonly ReturnType<typeof variant>[] = [variant('tree'), variant('plain')];

/**
 * Writes y[h] = x[h]·w[h] for every head of each row; inference only, it has no gradient. Elements of y between heads stay.
 * @throws if a tensor is smaller than the sizes and steps say.
 */
export function headMatmul(
  tape: Tape,
  tensors: Readonly<Record<'x' | 'w' | 'y', Tensor>>,
  size: HeadMatmulSize,
): void {
  if (tensors.w.quantised) recordQuantisedHeadMatmul(tape, tensors, size);
  else tape.dispatch(tape.choose(headMatmuls, size), size, tensors);
}
