// Gradients of token and position embeddings, the same bits in every run: tokens are sorted, and each row's places summed in order.
import source from '../../shaders/embedding.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Parameter } from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';

/** What all kernels of the shader are declared with. */
export const embeddingDeclaration = { source: prologue + source };

/** The module wants its constants even where the entry point does not. */
export const unusedConstants = { constants: () => ({ steps: 1, rowLanes: 1 }) };

/** Rows of dy that a workgroup reads side by side, by how often a token occurs on average: 4 of 32 columns at most. */
function rowLanes(occurrences: number): number {
  // A frequent token's rows are added by several lanes, a rare one's by one: idle lanes cost as much as busy
  // ones.
  if (occurrences >= 128) return 4;
  return occurrences >= 8 ? 2 : 1;
}

/** Test tokens in [0, limit): some of them outside the block. */
export const tokensBelow = (limit: number) => (uniform: number) => Math.floor(uniform * limit);

/** Tables and sizes of a lookup. `batch` and `time` are those of x; a row of tokens may be longer. */
export interface EmbeddingOptions {
  /** [V, C], perhaps in blocks of rows. */
  readonly table: Parameter;
  /** [context, C], added by position. */
  readonly positions?: Tensor | undefined;
  /** B. */
  readonly batch: number;
  /** T. */
  readonly time: number;
}

/**
 * order[0] = rows by token, stable; order[1] = their tokens. order: [2, rows].
 * A gradient row is the sum over all places of its token. Adding as they come would need atomics, whose order differs
 * from run to run; rows sorted by token can be summed in order, by one workgroup a token.
 */
export const embeddingSort = defineKernel({
  ...embeddingDeclaration,
  ...unusedConstants,
  name: 'embedding.sort',
  role: 'embedding',
  arithmetic: 'embedding sums',
  entryPoint: 'sort',
  dims: ['rows', 'batch', 'time', 'rowLength', 'columns'],
  reads: ['tokens'],
  writes: ['order'],
  tensors: ({ rows, batch, time, rowLength }) => ({
    tokens: {
      shape: [(batch - 1) * rowLength + time],
      elementType: 'u32',
      fill: tokensBelow(Math.ceil(rows / 3)),
    },
    order: { shape: [2, rows], elementType: 'u32', fill: () => 0 },
  }),
  selfTest: [{ rows: 66, batch: 6, time: 11, rowLength: 12, columns: 1 }],
  calibration: [
    { rows: 256, batch: 4, time: 64, rowLength: 65, columns: 1 },
    { rows: 1024, batch: 4, time: 256, rowLength: 257, columns: 1 },
    { rows: 2048, batch: 8, time: 256, rowLength: 257, columns: 1 },
  ],
  workgroups: ({ rows }) => Math.ceil(rows / 64),
  usefulFlops: () => 0, // comparisons of integers
  bytes: ({ rows }) => 4 * (rows * (rows + 1) + 2 * rows), // every row reads all tokens
  reference({ tokens, order }, { rows, time, rowLength }) {
    const tokenOf = (row: number) => tokens[Math.floor(row / time) * rowLength + (row % time)];
    // JavaScript's sort is stable, too.
    const sorted = Array.from({ length: rows }, (_, row) => row).sort((a, b) => tokenOf(a) - tokenOf(b));
    sorted.forEach((row, rank) => {
      order[rank] = row;
      order[rows + rank] = tokenOf(row);
    });
  },
});

/**
 * gradient[v] = Σ dy[row] over the rows whose token is firstRow + v (+ what is there). gradient: [blockRows,
 * columns].
 */
export const embeddingBackwardToken = defineKernel({
  ...embeddingDeclaration,
  constants: ({ rows, blockRows }) => ({ steps: 1, rowLanes: rowLanes(rows / blockRows) }),
  name: 'embedding.backwardToken',
  role: 'embedding',
  arithmetic: 'embedding sums',
  entryPoint: 'backwardToken',
  dims: ['rows', 'columns', 'firstRow', 'blockRows', 'accumulate'],
  reads: ['sorted', 'dy'],
  writes: ['gradient'],
  tensors: ({ rows, columns, firstRow, blockRows }) => ({
    // A permutation of the rows, then ascending tokens of which some lie outside the block and some occur not
    // at all.
    sorted: {
      shape: [2, rows],
      elementType: 'u32',
      fill: (_, index) =>
        index < rows
          ? rows - 1 - index
          : Math.floor(((index - rows) / rows) * (firstRow + blockRows + 2)) | 1,
    },
    dy: { shape: [rows, columns] },
    gradient: { shape: [blockRows, columns] },
  }),
  selfTest: [
    { rows: 67, columns: 33, firstRow: 0, blockRows: 9, accumulate: 0 },
    { rows: 40, columns: 40, firstRow: 4, blockRows: 5, accumulate: 1 },
  ],
  calibration: [
    { rows: 256, columns: 64, firstRow: 0, blockRows: 65, accumulate: 0 },
    { rows: 1024, columns: 384, firstRow: 0, blockRows: 256, accumulate: 0 },
    { rows: 2048, columns: 512, firstRow: 0, blockRows: 1024, accumulate: 0 },
  ],
  // 32 columns of a token: frequent tokens are shared out at least that far
  workgroups: ({ columns, blockRows }) => blockRows * Math.ceil(columns / 32),
  // an addition a number of dy
  usefulFlops: ({ rows, columns }) => rows * columns,
  // dy and the sorted rows are read; every row of the block is written, also those without a token, which are zeros
  bytes: ({ rows, columns, blockRows, accumulate }) =>
    4 * (rows * (columns + 2) + columns * (accumulate === 1 ? 2 * Math.min(rows, blockRows) : blockRows)),
  reference({ sorted, dy, gradient }, { rows, columns, firstRow, blockRows, accumulate }) {
    if (accumulate === 0) gradient.fill(0, 0, blockRows * columns);
    for (let place = 0; place < rows; place++) {
      const token = sorted[rows + place] - firstRow;
      if (token < 0 || token >= blockRows) continue;
      for (let c = 0; c < columns; c++) gradient[token * columns + c] += dy[sorted[place] * columns + c];
    }
  },
});

/**
 * gradient[t] = Σ over the batch of dy[b, t] (+ what is there), zero from `time` on. gradient: [positionRows,
 * columns].
 */
export const embeddingBackwardPosition = defineKernel({
  ...embeddingDeclaration,
  ...unusedConstants,
  name: 'embedding.backwardPosition',
  role: 'embedding',
  arithmetic: 'embedding sums',
  entryPoint: 'backwardPosition',
  dims: ['batch', 'time', 'columns', 'positionRows', 'accumulate'],
  reads: ['dy'],
  writes: ['gradient'],
  tensors: ({ batch, time, columns, positionRows }) => ({
    dy: { shape: [batch, time, columns] },
    gradient: { shape: [positionRows, columns] },
  }),
  selfTest: [
    { batch: 3, time: 5, columns: 33, positionRows: 7, accumulate: 0 },
    { batch: 2, time: 4, columns: 40, positionRows: 4, accumulate: 1 },
  ],
  calibration: [
    { batch: 4, time: 64, columns: 64, positionRows: 64, accumulate: 0 },
    { batch: 4, time: 256, columns: 384, positionRows: 256, accumulate: 0 },
    { batch: 8, time: 512, columns: 768, positionRows: 512, accumulate: 0 },
  ],
  workgroups: ({ columns, positionRows }) => Math.ceil((positionRows * columns) / 64),
  usefulFlops: ({ batch, time, columns }) => batch * time * columns,
  // dy is read once, the table's gradient written; rows past the sequence are zeros
  bytes: ({ batch, time, columns, positionRows, accumulate }) =>
    4 * columns * (batch * time + positionRows * (1 + accumulate)),
  reference({ dy, gradient }, { batch, time, columns, positionRows, accumulate }) {
    for (let i = 0; i < positionRows * columns; i++) {
      let sum = accumulate === 1 ? gradient[i] : 0;
      for (let b = 0; b < batch && i < time * columns; b++) sum += dy[b * time * columns + i];
      gradient[i] = sum;
    }
  },
});

/** Records the gradients of both tables of an embedding x [B·T, C] of `tokens`. */
export function recordEmbeddingGradients(
  tape: Tape,
  tokens: Tensor,
  x: Tensor,
  { table, positions, batch, time }: EmbeddingOptions,
): void {
  const columns = table.shape[1] ?? 1;
  const rowLength = tokens.shape.at(-1) ?? 1;
  const rows = batch * time;
  const wanted = table.blocks.filter(({ weight }) => tape.needsGradient(weight));
  const wantsPositions = tape.needsGradient(positions);
  tape.onBackward([positions, ...table.blocks.map(({ weight }) => weight)], x, (dy) => {
    if (positions && wantsPositions) {
      const { gradient, accumulate } = tape.gradientTarget(positions);
      const positionRows = positions.shape[0] ?? 1;
      const dims = { batch, time, columns, positionRows, accumulate };
      tape.dispatch(embeddingBackwardPosition, dims, { dy, gradient });
    }
    // Sorted once for all blocks.
    if (wanted.length === 0) return;
    const sorted = tape.tensor('tokens sorted', [2, rows], 'u32');
    tape.dispatch(embeddingSort, { rows, batch, time, rowLength, columns }, { tokens, order: sorted });
    for (const { firstRow, weight } of wanted) {
      const { gradient, accumulate } = tape.gradientTarget(weight);
      const dims = { rows, columns, firstRow, blockRows: weight.shape[0] ?? 1, accumulate };
      tape.dispatch(embeddingBackwardToken, dims, { sorted, dy, gradient });
    }
  });
}
