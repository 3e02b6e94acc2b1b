// Token and position embeddings: lookup, lookup while decoding, and deterministic gradients of both tables.
import source from '../../shaders/embedding.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Parameter } from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';
import { recordQuantisedEmbedding, recordQuantisedEmbeddingDecode } from './quantised-embedding.ts';
import { slotsOf } from './slots.ts';

const declaration = { source: prologue + source };

/** The module wants its constants even where the entry point does not. */
const unused = { constants: () => ({ steps: 1, rowLanes: 1 }) };

/** Rows of dy that a workgroup reads side by side, by how often a token occurs on average: 4 of 32 columns at most. */
function rowLanes(occurrences: number): number {
  if (occurrences >= 128) return 4;
  return occurrences >= 8 ? 2 : 1;
}

/** Test tokens in [0, limit): some of them outside the block. */
const tokensBelow = (limit: number) => (uniform: number) => Math.floor(uniform * limit);

/** x[b, t] = table[token] (+ positions[t]) where this block of rows has the token; other rows of x stay. */
export const embeddingForward = defineKernel({
  ...declaration,
  name: 'embedding.forward',
  role: 'embedding',
  arithmetic: 'embedding sums',
  entryPoint: 'forward',
  dims: ['rows', 'time', 'rowLength', 'columns', 'firstRow', 'blockRows', 'hasPositions'],
  reads: ['tokens', 'table', 'positions'],
  writes: ['x'],
  optional: ['positions'],
  tensors: ({ rows, time, rowLength, columns, firstRow, blockRows }) => ({
    tokens: {
      shape: [(rows / time - 1) * rowLength + time],
      elementType: 'u32',
      fill: tokensBelow(firstRow + blockRows + 1),
    },
    table: { shape: [blockRows, columns] },
    positions: { shape: [time, columns] },
    x: { shape: [rows, columns] },
  }),
  selfTest: [
    { rows: 12, time: 6, rowLength: 7, columns: 40, firstRow: 0, blockRows: 11, hasPositions: 1 },
    { rows: 9, time: 9, rowLength: 9, columns: 33, firstRow: 5, blockRows: 4, hasPositions: 0 },
  ],
  calibration: [
    { rows: 256, time: 64, rowLength: 65, columns: 64, firstRow: 0, blockRows: 65, hasPositions: 1 },
    { rows: 1024, time: 256, rowLength: 257, columns: 384, firstRow: 0, blockRows: 256, hasPositions: 1 },
    { rows: 2048, time: 256, rowLength: 257, columns: 512, firstRow: 0, blockRows: 1024, hasPositions: 1 },
  ],
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns), rowLanes: 1 }),
  workgroups: ({ rows, columns }) => elementGroups(rows * columns),
  // a lookup is no arithmetic; the position's sum is
  usefulFlops: ({ rows, columns, hasPositions }) => rows * columns * hasPositions,
  // a token, its row, the position's row; x
  bytes: ({ rows, columns, hasPositions }) => 4 * rows * (1 + columns * (2 + hasPositions)),
  reference({ tokens, table, positions, x }, dims) {
    const { rows, time, rowLength, columns, firstRow, blockRows, hasPositions } = dims;
    for (let row = 0; row < rows; row++) {
      const t = row % time;
      const token = tokens[Math.floor(row / time) * rowLength + t] - firstRow;
      // A table larger than a binding may be lies in blocks; each dispatch writes the rows of x whose tokens it has.
      if (token < 0 || token >= blockRows) continue;
      for (let c = 0; c < columns; c++) {
        x[row * columns + c] =
          table[token * columns + c] + (hasPositions === 1 ? positions[t * columns + c] : 0);
      }
    }
  },
});

/** x[s] = table[state[s, 1]] (+ positions[state[s, 0]]): the one token of each slot in a decoding step. x: [slots, columns]. */
export const embeddingDecodeForward = defineKernel({
  ...declaration,
  ...unused,
  name: 'embedding.decode',
  role: 'embedding',
  arithmetic: 'embedding sums',
  entryPoint: 'decode',
  dims: ['slots', 'columns', 'firstRow', 'blockRows', 'positionRows', 'hasPositions'],
  reads: ['state', 'table', 'positions'],
  writes: ['x'],
  optional: ['positions'],
  tensors: ({ slots, columns, firstRow, blockRows, positionRows }) => ({
    state: {
      shape: [slots, 4],
      elementType: 'u32',
      // The last position and token of the block, then those of the first ones.
      fill: (_, index) =>
        index === 0
          ? positionRows - 1
          : index === 1
            ? firstRow + blockRows - 1
            : index % 4 === 0
              ? (index >> 2) % positionRows
              : firstRow + ((index >> 2) % blockRows),
    },
    table: { shape: [blockRows, columns] },
    positions: { shape: [Math.max(1, positionRows), columns] },
    x: { shape: [slots, columns] },
  }),
  selfTest: [
    { slots: 3, columns: 40, firstRow: 0, blockRows: 11, positionRows: 9, hasPositions: 1 },
    { slots: 1, columns: 33, firstRow: 64, blockRows: 3, positionRows: 1, hasPositions: 0 },
  ],
  calibration: [64, 384, 768].map((columns) => {
    return { slots: 1, columns, firstRow: 0, blockRows: 256, positionRows: 256, hasPositions: 1 };
  }),
  workgroups: ({ slots, columns }) => Math.ceil((slots * columns) / 64),
  usefulFlops: ({ slots, columns, hasPositions }) => slots * columns * hasPositions,
  bytes: ({ slots, columns, hasPositions }) => 4 * slots * (2 + columns * (2 + hasPositions)),
  reference({ state, table, positions, x }, dims) {
    const { slots, columns, firstRow, blockRows, positionRows, hasPositions } = dims;
    for (let slot = 0; slot < slots; slot++) {
      const token = state[4 * slot + 1] - firstRow;
      if (token < 0 || token >= blockRows) continue;
      const position = Math.min(state[4 * slot], positionRows - 1);
      for (let c = 0; c < columns; c++) {
        x[slot * columns + c] =
          table[token * columns + c] + (hasPositions === 1 ? positions[position * columns + c] : 0);
      }
    }
  },
});

// A gradient row is the sum over all places of its token. Adding as they come would need atomics, whose order differs from
// run to run; rows sorted by token can be summed in order, by one workgroup a token.
/** order[0] = rows by token, stable; order[1] = their tokens. order: [2, rows]. */
export const embeddingSort = defineKernel({
  ...declaration,
  ...unused,
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
  ...declaration,
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
  ...declaration,
  ...unused,
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

/**
 * Positions as sines and cosines, computed in float64: [time, columns] of scale · sin(position · 10000^(−2i / columns)) in
 * column 2i and the cosine in column 2i + 1 (Vaswani et al. 2017, section 3.5).
 */
export function sinusoidTable(time: number, columns: number, scale = 1): Float32Array {
  return Float32Array.from({ length: time * columns }, (_, index) => {
    const column = index % columns;
    // (column mod 2 − column) ÷ columns is −2i ÷ columns for both columns of pair i.
    const angle = Math.floor(index / columns) * 10_000 ** (((column % 2) - column) / columns);
    return scale * (column % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
  });
}

/** Tables and sizes of a lookup. `batch` and `time` are those of x; a row of tokens may be longer. */
export interface EmbeddingOptions {
  /** [V, C], perhaps in blocks of rows. */
  readonly table: Parameter;
  /** [context, C], added by position. */
  readonly positions?: Tensor | undefined;
  readonly batch: number;
  readonly time: number;
}

/**
 * Embeds the first `time` tokens of each row. Tokens are checked by whoever uploads them: one past the table
 * leaves its row of x as it was.
 * @param tokens u32 [B, T] or [B, T + 1]
 * @returns [B·T, C]
 */
export function embedding(
  tape: Tape,
  tokens: Tensor,
  { table, positions, batch, time }: EmbeddingOptions,
): Tensor {
  const columns = table.shape[1] ?? 1;
  const rowLength = tokens.shape.at(-1) ?? 1;
  if (rowLength < time || (positions && (positions.shape[0] ?? 0) < time)) {
    throw new Error(
      `embedding: ${time} positions do not fit ${describeTensor(tokens)}` +
        `${positions ? ` or ${describeTensor(positions)}` : ''}. Pass a smaller time.`,
    );
  }
  const rows = batch * time;
  const x = tape.tensor('embedding', [rows, columns]);
  for (const { firstRow, weight } of table.blocks) {
    const blockRows = weight.shape[0] ?? 1;
    if (weight.quantised) {
      const tensors = { tokens, w: weight, x, ...(positions ? { positions } : {}) };
      recordQuantisedEmbedding(tape, tensors, { rows, time, rowLength, firstRow });
      continue;
    }
    const dims = { rows, time, rowLength, columns, firstRow, blockRows, hasPositions: positions ? 1 : 0 };
    const bindings = { tokens, table: weight, x };
    tape.dispatch(embeddingForward, dims, positions ? { ...bindings, positions } : bindings);
  }
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
  return x;
}

/**
 * Embeds the token and position of each slot that a decoding step finds in `state`.
 * @param state u32 [slots, 4]: position, token, counter, produced
 * @returns [slots, C]
 */
export function embeddingDecode(
  tape: Tape,
  state: Tensor,
  { table, positions }: Pick<EmbeddingOptions, 'table' | 'positions'>,
): Tensor {
  const columns = table.shape[1] ?? 1;
  const slots = slotsOf(state);
  const x = tape.tensor('embedding', [slots, columns]);
  for (const { firstRow, weight } of table.blocks) {
    const [blockRows = 1] = weight.shape;
    const positionRows = positions?.shape[0] ?? 1;
    if (weight.quantised) {
      const tensors = { state, w: weight, x, ...(positions ? { positions } : {}) };
      recordQuantisedEmbeddingDecode(tape, tensors, { firstRow, positionRows });
      continue;
    }
    const dims = { slots, columns, firstRow, blockRows, positionRows, hasPositions: positions ? 1 : 0 };
    const bindings = { state, table: weight, x };
    tape.dispatch(embeddingDecodeForward, dims, positions ? { ...bindings, positions } : bindings);
  }
  return x;
}
