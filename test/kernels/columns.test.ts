// Columns into columns against their reference and finite differences, alone and beside others.
import { describe, expect, it } from 'vitest';
import { add } from '../../src/kernels/add.ts';
import { addColumns, columnsKernel } from '../../src/kernels/columns.ts';
import { scale } from '../../src/kernels/scale.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';

const whole = { xColumn: 0, yColumn: 0, factor: 1, accumulate: 0 };
describeKernel(columnsKernel, [
  { rows: 1, columns: 1, xStride: 1, yStride: 1, ...whole },
  { rows: 127, columns: 1, xStride: 3, yStride: 2, xColumn: 2, yColumn: 1, factor: -2, accumulate: 1 },
  { rows: 3, columns: 43, xStride: 43, yStride: 101, xColumn: 0, yColumn: 58, factor: 0.25, accumulate: 1 },
  { rows: 2, columns: 64, xStride: 192, yStride: 64, xColumn: 128, yColumn: 0, factor: 3, accumulate: 0 },
  { rows: 61, columns: 163, xStride: 167, yStride: 163, xColumn: 1, yColumn: 0, factor: 1.5, accumulate: 1 },
]);

const inputs = { x: { shape: [3, 2] }, more: { shape: [3, 3] }, y: { shape: [3, 5] } };
checkGradient('columns added to others', inputs, (tape, { x, more, y }) => {
  const sum = scale(tape, y, 1.3);
  addColumns(tape, x, sum, { column: 0, factor: -0.7 });
  addColumns(tape, more, sum, { column: 2, factor: 2 });
  addColumns(tape, x, sum, { column: 3, factor: 0.4 });
  return add(tape, scale(tape, sum, 2), sum);
});

describe('addColumns', () => {
  it.each([
    [[3, 2], [3, 5], 4],
    [[4, 2], [3, 5], 0],
  ])('refuses %j in %j from column %i by name', (x, y, column) => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const record = () =>
      addColumns(tape, tape.tensor('update', x), tape.tensor('sum', y), { column, factor: 1 });
    expect(record).toThrow(/update.*sum/);
  });
});
