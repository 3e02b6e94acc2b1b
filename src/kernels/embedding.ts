// Token and position embeddings: lookup, and lookup while decoding.
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import {
  type EmbeddingOptions,
  embeddingDeclaration,
  recordEmbeddingGradients,
  tokensBelow,
  unusedConstants,
} from './embedding-backward.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { recordQuantisedEmbedding, recordQuantisedEmbeddingDecode } from './quantised-embedding.ts';
import { slotsOf } from './slots.ts';

/** x[b, t] = table[token] (+ positions[t]) where this block of rows has the token; other rows of x stay. */
export const embeddingForward = defineKernel({
  ...embeddingDeclaration,
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
  // an invocation computes several numbers of x (launch.ts)
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
  ...embeddingDeclaration,
  ...unusedConstants,
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
  recordEmbeddingGradients(tape, tokens, x, { table, positions, batch, time });
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
