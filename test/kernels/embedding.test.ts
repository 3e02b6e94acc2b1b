// Embeddings against their references, PyTorch and finite differences, with tables whole and in blocks.
import { expect, it } from 'vitest';
import { add } from '../../src/kernels/add.ts';
import {
  embedding,
  embeddingDecode,
  embeddingDecodeForward,
  embeddingForward,
} from '../../src/kernels/embedding.ts';
import {
  embeddingBackwardPosition,
  embeddingBackwardToken,
  embeddingSort,
} from '../../src/kernels/embedding-backward.ts';
import type { Parameter } from '../../src/plan/store.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { beyondOneGridRow, checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, goldenCases, runOp } from './run-op.ts';

describeKernel(embeddingForward, [
  { rows: 1, time: 1, rowLength: 1, columns: 1, firstRow: 0, blockRows: 1, hasPositions: 0 },
  { rows: 7, time: 7, rowLength: 8, columns: 9, firstRow: 0, blockRows: 5, hasPositions: 1 },
  { rows: 12, time: 4, rowLength: 5, columns: 64, firstRow: 3, blockRows: 5, hasPositions: 1 },
  { rows: 65, time: 13, rowLength: 13, columns: 65, firstRow: 64, blockRows: 70, hasPositions: 0 },
]);
describeKernel(embeddingDecodeForward, [
  { slots: 1, columns: 1, firstRow: 0, blockRows: 1, positionRows: 1, hasPositions: 1 },
  { slots: 3, columns: 63, firstRow: 0, blockRows: 7, positionRows: 5, hasPositions: 0 },
  { slots: 9, columns: 65, firstRow: 64, blockRows: 7, positionRows: 5, hasPositions: 1 },
]);
describeKernel(embeddingSort, [
  { rows: 1, batch: 1, time: 1, rowLength: 2, columns: 1 },
  { rows: 63, batch: 7, time: 9, rowLength: 10, columns: 1 },
  { rows: 64, batch: 1, time: 64, rowLength: 64, columns: 1 },
  { rows: 65, batch: 5, time: 13, rowLength: 14, columns: 1 },
  { rows: 1000, batch: 10, time: 100, rowLength: 101, columns: 1 },
]);
describeKernel(embeddingBackwardToken, [
  { rows: 1, columns: 1, firstRow: 0, blockRows: 1, accumulate: 0 },
  { rows: 7, columns: 31, firstRow: 0, blockRows: 5, accumulate: 1 },
  { rows: 64, columns: 32, firstRow: 0, blockRows: 3, accumulate: 0 },
  { rows: 400, columns: 41, firstRow: 0, blockRows: 3, accumulate: 1 },
  { rows: 300, columns: 33, firstRow: 64, blockRows: 66, accumulate: 1 },
  { rows: 300, columns: 40, firstRow: 64, blockRows: 66, accumulate: 0 },
  ...beyondOneGridRow({ rows: 5, columns: 2, firstRow: 0, blockRows: 66_000, accumulate: 0 }),
]);
describeKernel(embeddingBackwardPosition, [
  { batch: 1, time: 1, columns: 1, positionRows: 1, accumulate: 0 },
  { batch: 3, time: 5, columns: 13, positionRows: 5, accumulate: 1 },
  { batch: 2, time: 4, columns: 16, positionRows: 9, accumulate: 0 },
]);

/** A table in blocks of rows. */
function parameterOf(name: string, blocks: readonly Tensor[]): Parameter {
  const columns = blocks[0]?.shape[1] ?? 1;
  let rows = 0;
  const placed = blocks.map((weight) => {
    const firstRow = rows;
    rows += weight.shape[0] ?? 0;
    return { firstRow, weight, gradient: weight, states: new Map() };
  });
  return { name, shape: [rows, columns], decay: true, blocks: placed, factors: new Map() };
}

const tokens = {
  shape: [2, 5],
  elementType: 'u32',
  fill: (uniform: number) => Math.floor(uniform * 7),
} as const;

checkGradient(
  'embedding',
  { tokens, table: { shape: [7, 3] }, positions: { shape: [6, 3] } },
  (tape, tensors) => {
    const table = parameterOf('table', [tensors.table]);
    return embedding(tape, tensors.tokens, { table, positions: tensors.positions, batch: 2, time: 4 });
  },
);
checkGradient(
  'embedding in two blocks, used twice,',
  { tokens, first: { shape: [4, 3] }, second: { shape: [3, 3] } },
  (tape, tensors) => {
    const table = parameterOf('table', [tensors.first, tensors.second]);
    const once = () => embedding(tape, tensors.tokens, { table, batch: 2, time: 5 });
    return add(tape, once(), once());
  },
);

it('embeddingDecode takes token and position from the state', async () => {
  const operands = {
    state: { shape: [4], values: [2, 5, 0, 0], elementType: 'u32' },
    first: { shape: [4, 2], values: [0, 1, 2, 3, 4, 5, 6, 7] },
    second: { shape: [3, 2], values: [8, 9, 10, 11, 12, 13] },
    positions: { shape: [3, 2], values: [0, 0, 0, 0, 100, 200] },
  } as const;
  const { y } = await runOp(
    operands,
    (tape, { state, first, second, positions }) =>
      embeddingDecode(tape, state, { table: parameterOf('table', [first, second]), positions }),
    { training: false },
  );
  expect(y).toEqual([110, 211]);
});

it('embedding refuses more positions than there are', async () => {
  const operands = {
    ids: { shape: [1, 3], values: [0, 0, 0], elementType: 'u32' },
    table: { shape: [2, 2], values: [0, 1, 2, 3] },
  } as const;
  const run = runOp(operands, (tape, { ids, table }) =>
    embedding(tape, ids, { table: parameterOf('table', [table]), batch: 1, time: 4 }),
  );
  await expect(run).rejects.toThrow('4 positions do not fit ids [1, 3] u32');
});

interface Golden {
  readonly vocabulary: number;
  readonly width: number;
  readonly tokens: readonly number[];
  readonly weight: readonly number[];
  readonly y: readonly number[];
  readonly dy: readonly number[];
  readonly dweight: readonly number[];
}

it.each(goldenCases<Golden>('embedding'))('embedding equals PyTorch', async (golden) => {
  const time = golden.tokens.length;
  const { y, gradients } = await runOp(
    {
      ids: { shape: [1, time], values: golden.tokens, elementType: 'u32' },
      table: { shape: [golden.vocabulary, golden.width], values: golden.weight },
    },
    (tape, { ids, table }) => embedding(tape, ids, { table: parameterOf('table', [table]), batch: 1, time }),
    { dy: golden.dy },
  );
  expectClose(y, golden.y);
  expectClose(gradients.table, golden.dweight);
});
