// The matrix products of all experts with quantised matrices, for inference: each expert's rows with its own matrix.
import source from '../../shaders/quantised-grouped-matmul.wgsl?raw';
import { type Dims, defineKernel } from '../plan/kernel.ts';
import { matrixWords, type QuantisedFormat } from '../plan/quantised.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { expertTileBound } from './expert-placement.ts';
import { exampleOffset, exampleTiles } from './grouped-matmul-reference.ts';
import {
  formatBits,
  quantisedColumn,
  quantisedOf,
  quantisedSource,
  quantisedSpec,
} from './quantised-weights.ts';

const dimNames = ['rows', 'columns', 'inner', 'experts', 'tileRows', 'tileBound', 'perToken'] as const;

type Sizes = Dims<(typeof dimNames)[number]>;

/** Sizes of a product whose tiles have so many rows. */
function sizesOf(
  rows: number,
  columns: number,
  inner: number,
  experts: number,
  tileRows: number,
  perToken = 0,
): Sizes {
  const tileBound = expertTileBound(rows, experts, tileRows);
  return { rows, columns, inner, experts, tileRows, tileBound, perToken };
}

function kernelOf(format: QuantisedFormat) {
  return defineKernel({
    name: `quantisedGroupedMatmul.${format}`,
    role: 'expertProduct',
    source: quantisedSource + source,
    entryPoint: 'main',
    dims: dimNames,
    reads: ['x', 'w', 'offsets', 'tiles', 'assignments'],
    writes: ['y'],
    optional: ['assignments'],
    constants: () => ({ bits: formatBits[format] }),
    tensors: (sizes) => {
      const { rows, columns, inner, experts, tileBound, perToken } = sizes;
      const u32 = 'u32' as const;
      // Made when the first number is asked for: most tests and all plans never do.
      let tiles: number[] | undefined;
      const tileAt = (_: number, i: number) => {
        tiles ??= exampleTiles(sizes);
        return tiles[i] ?? 0;
      };
      return {
        x: { shape: [perToken > 0 ? Math.ceil(rows / perToken) : rows, inner] },
        w: quantisedSpec({ format, matrices: experts, inner, columns }),
        offsets: { shape: [experts + 1], elementType: u32, fill: (_, e) => exampleOffset(rows, experts, e) },
        tiles: { shape: [Math.max(1, tileBound), 2], elementType: u32, fill: tileAt },
        assignments: {
          shape: [perToken > 0 ? rows : 1],
          elementType: u32,
          fill: (_, i) => (7 * i + 3) % rows,
        },
        y: { shape: [rows, columns] },
      };
    },
    // Tiles of three rows that end within experts, and such as hold an expert whole; x by token and by row.
    selfTest: [sizesOf(43, 67, 53, 5, 3, 2), sizesOf(43, 36, 64, 5, 16)],
    calibration: [sizesOf(4, 192, 96, 8, 1), sizesOf(64, 256, 128, 8, 16), sizesOf(128, 512, 256, 8, 16)],
    // an invocation a row and four columns, of every row that a tile may have
    workgroups: ({ columns, tileRows, tileBound }) =>
      Math.ceil((tileBound * tileRows * Math.ceil(columns / 4)) / 64),
    // each row with one expert's matrix, however many there are
    usefulFlops: ({ rows, columns, inner }) => 2 * rows * columns * inner,
    countedFlops: ({ rows, columns, inner }) => 2 * rows * columns * inner,
    bytes: ({ rows, columns, inner, experts }) => {
      // Experts that nobody chose are not read.
      const used = Math.min(experts, rows);
      return 4 * (rows * inner + used * matrixWords({ format, inner, columns }) + rows * columns + 2 * used);
    },
    reference({ x, w, offsets, assignments, y }, { columns, inner, experts, perToken }) {
      const matrix = { format, inner, columns };
      for (let expert = 0; expert < experts; expert++) {
        const [first, end] = [offsets[expert], offsets[expert + 1]];
        for (let c = 0; c < columns && first < end; c++) {
          const weights = quantisedColumn(w, expert * matrixWords(matrix), matrix, c);
          // Rows of one expert share its unpacked column.
          for (let row = first; row < end; row++) {
            const start = inner * (perToken > 0 ? Math.floor(assignments[row] / perToken) : row);
            let sum = 0;
            for (let k = 0; k < inner; k++) sum += x[start + k] * weights[k];
            y[row * columns + c] = sum;
          }
        }
      }
    },
  });
}

/** By format. */
export const quantisedGroupedMatmul = { int8: kernelOf('int8'), int4: kernelOf('int4') } as const;

/** Records the products of all experts with a quantised w [experts, inner, columns]. */
export function recordQuantisedGroupedMatmul(
  tape: Tape,
  bindings: Readonly<Record<'x' | 'w' | 'offsets' | 'y', Tensor>> & {
    readonly tiles?: Tensor;
    readonly assignments?: Tensor;
  },
  {
    rows,
    experts,
    tileRows,
    tileBound,
    perToken,
  }: Pick<Sizes, 'rows' | 'experts' | 'tileRows' | 'tileBound' | 'perToken'>,
): void {
  const { format, inner, columns } = quantisedOf(tape, bindings.w);
  const dims = { rows, columns, inner, experts, tileRows, tileBound, perToken };
  tape.dispatch(quantisedGroupedMatmul[format], dims, bindings);
}
