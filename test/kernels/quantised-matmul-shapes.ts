// Sizes at which every product with quantised weights is checked: around tiles, words and groups, with every option.
import { quantisedMatmulKernels } from '../../src/kernels/quantised-matmul.ts';

const size = (
  rows: number,
  columns: number,
  inner: number,
  options: readonly [bias: number, residual: number] = [0, 0],
) => ({
  ...{ rows, columns, inner, xStride: inner + options[0], yStride: columns + options[1] },
  ...{ hasBias: options[0], hasResidual: options[1] },
});

/** Sizes 1, and below, at and above groups of 32 inputs and blocks of 32 columns, with each option somewhere. */
const edges = [size(1, 1, 1), size(3, 31, 31, [1, 1]), size(2, 64, 32)];

/** Over every edge of tiles, words, groups and blocks, with all options: what every variant must pass. */
const mixed = (rows: number) => size(rows, 66, 67, [1, 1]);

/** Tiles of two sizes, which are constants of one text: each with weights of one kind, all in a full run. */
const left = process.env.FLOPSCOPE_FULL ? undefined : /int8\/tiled-64x64|int4\/tiled-32x32/;

/** The variants with their sizes: a fast and the plain one with all, the others with what has every option. */
export const quantisedMatmulCases = quantisedMatmulKernels
  .filter(({ name }) => !left?.test(name))
  .map((kernel) => {
    const last = mixed(kernel.name.endsWith('row') ? 3 : 17);
    return { kernel, shapes: /lanes4|plain/.test(kernel.name) ? [...edges, last] : [last] };
  });
