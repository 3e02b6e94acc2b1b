// Lookup in quantised tables against the reference: blocks, positions, and channels around words and groups.
import {
  quantisedEmbeddingDecode,
  quantisedEmbeddingForward,
} from '../../src/kernels/quantised-embedding.ts';
import { describeKernel } from './describe-kernel.ts';

for (const format of ['int8', 'int4'] as const) {
  describeKernel(quantisedEmbeddingForward[format], [
    { rows: 1, time: 1, rowLength: 1, inner: 1, firstRow: 0, columns: 1, hasPositions: 0 },
    { rows: 14, time: 7, rowLength: 8, inner: 33, firstRow: 64, columns: 67, hasPositions: 1 },
  ]);
  describeKernel(quantisedEmbeddingDecode[format], [
    { slots: 1, inner: 31, firstRow: 0, columns: 5, positionRows: 3, hasPositions: 1 },
    { slots: 3, inner: 96, firstRow: 64, columns: 66, positionRows: 1, hasPositions: 0 },
  ]);
}
