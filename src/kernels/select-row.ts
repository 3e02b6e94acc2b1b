// The last real row of a padded prompt.
import source from '../../shaders/select-row.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';

/** y = x[length − 1] with `length` of the step record. x: [rows, columns], y: [columns]. */
export const selectRowForward = defineKernel({
  name: 'selectRow',
  role: 'movement',
  source: prologue + source,
  entryPoint: 'forward',
  dims: ['rows', 'columns'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ rows, columns }) => ({ x: { shape: [rows, columns] }, y: { shape: [columns] } }),
  selfTest: [{ rows: 7, columns: 65 }],
  calibration: [
    { rows: 16, columns: 64 },
    { rows: 16, columns: 512 },
    { rows: 16, columns: 4096 },
  ],
  // an invocation a number of the row
  workgroups: ({ columns }) => Math.ceil(columns / 64),
  usefulFlops: () => 0,
  // one row is read and written, whatever else there is
  bytes: ({ columns }) => 8 * columns,
  reference({ x, y }, { rows, columns }, { length = 1 }) {
    const row = Math.min(Math.max(length, 1), rows) - 1;
    for (let column = 0; column < columns; column++) y[column] = x[row * columns + column];
  },
});

/** Row `step.length − 1` of x: [rows, C], as [1, C]. Inference only: it has no gradient. */
export function selectRow(tape: Tape, x: Tensor): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / columns;
  const y = tape.tensor('last row', [1, columns]);
  tape.dispatch(selectRowForward, { rows, columns }, { x, y });
  return y;
}
