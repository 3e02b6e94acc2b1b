// Dropout against its reference and finite differences; its mask's share and independence of batching.
import { describe, expect, it } from 'vitest';
import { add } from '../../src/kernels/add.ts';
import { addDropped, dropout, dropoutKernel } from '../../src/kernels/dropout.ts';
import { rmsNorm } from '../../src/kernels/rms-norm.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { elementCount, type Tensor } from '../../src/plan/tensor.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

describeKernel(dropoutKernel, [
  { rows: 1, columns: 1, time: 1, operation: 0, dropout: 0.5, hasResidual: 0, accumulate: 0 },
  { rows: 7, columns: 9, time: 7, operation: 1, dropout: 0.1, hasResidual: 1, accumulate: 1 },
  { rows: 6, columns: 64, time: 2, operation: 2, dropout: 0.2, hasResidual: 1, accumulate: 0 },
  { rows: 5, columns: 13, time: 1, operation: 3, dropout: 0.9, hasResidual: 0, accumulate: 1 },
]);

const ones = (rows: number, columns: number) => ({
  x: { shape: [rows, columns], values: new Array<number>(rows * columns).fill(1) },
});

it('gives the gradient the mask of the forward pass', async () => {
  const dy = Array.from({ length: 30 }, (_, i) => i - 15);
  const { y, gradients } = await runOp(ones(6, 5), (tape, { x }) => dropout(tape, x, 0.4, { time: 3 }), {
    dy,
  });
  expect(gradients.x?.map((value) => value + 0)).toEqual(dy.map((value, i) => value * (y[i] ?? 0) + 0));
  expect(new Set(y).size).toBe(2);
});

it('drops the given share and keeps the mean', async () => {
  const { y } = await runOp(ones(100, 200), (tape, { x }) => dropout(tape, x, 0.2, { time: 10 }));
  const dropped = y.filter((value) => value === 0).length / y.length;
  expect(Math.abs(dropped - 0.2)).toBeLessThan(0.012); // 4 standard deviations of 20 000 draws
  expect(y.find((value) => value !== 0)).toBeCloseTo(1.25, 12);
});

it('gives a sample the same mask whatever the batch', async () => {
  const record = (scalars: object, rows: number) =>
    runOp(ones(rows, 8), (tape, { x }) => dropout(tape, x, 0.5, { time: 4 }), {
      scalars: { ...exampleScalars, ...scalars },
    });
  const both = await record({ sampleOffset: 10 }, 8);
  const second = await record({ sampleOffset: 11 }, 4);
  expect(both.y.slice(32)).toEqual(second.y);
  expect(both.y.slice(0, 32)).not.toEqual(second.y);
});

it('adds a residual on the way, whose gradient is that of the sum', async () => {
  const x = { shape: [6, 5], values: Array.from({ length: 30 }, (_, i) => i / 8 - 2) };
  const residual = { shape: [6, 5], values: Array.from({ length: 30 }, (_, i) => 3 - i / 16) };
  const dy = Array.from({ length: 30 }, (_, i) => i - 15);
  const fused = await runOp(
    { x, residual },
    (tape, { x, residual }) => addDropped(tape, residual, x, 0.4, { time: 3 }),
    { dy },
  );
  const apart = await runOp(
    { x, residual },
    (tape, { x, residual }) => add(tape, residual, dropout(tape, x, 0.4, { time: 3 })),
    { dy },
  );
  expect(fused).toEqual(apart);
});

describe('the gradient of what was dropped', () => {
  const numbers = (shape: readonly number[], step: number) => ({
    shape,
    values: Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(1 + i * step)),
  });
  const operands = { x: numbers([6, 5], 0.7), residual: numbers([6, 5], 0.3), weight: numbers([5], 0.2) };
  const dy = numbers([6, 5], 1.1).values;
  /** What a block records: a sum that is normed, and read again behind the norm. */
  const record = (tape: Tape, { x, residual, weight }: Readonly<Record<string, Tensor>>) => {
    const sum = addDropped(tape, residual as Tensor, x as Tensor, 0.4, { time: 3 });
    return add(tape, rmsNorm(tape, sum, weight as Tensor, { epsilon: 1e-5 }), sum);
  };

  it('is written by the norm behind the sum, and is that of finite differences', async () => {
    let recorded: Tape | undefined;
    const run = (x = operands.x) =>
      runOp(
        { ...operands, x },
        (tape, tensors) => {
          recorded = tape;
          return record(tape, tensors);
        },
        { dy },
      );
    const { gradients } = await run();
    expect(recorded?.dispatches.filter(({ kernel }) => kernel.name === 'dropout')).toHaveLength(1);
    const epsilon = 1e-6;
    for (const i of [0, 7, 14, 29]) {
      const losses = await Promise.all(
        [epsilon, -epsilon].map(async (change) => {
          const values = operands.x.values.map((value, j) => (j === i ? value + change : value));
          const { y } = await run({ ...operands.x, values });
          return y.reduce((sum, value, j) => sum + value * (dy[j] ?? 0), 0);
        }),
      );
      const slope = ((losses[0] ?? 0) - (losses[1] ?? 0)) / (2 * epsilon);
      expect(Math.abs(slope - (gradients.x?.[i] ?? 0))).toBeLessThan(1e-5);
    }
  });
});

it('refuses a residual of another size', () => {
  const tape = new Tape({ capabilities: baselineCapabilities, training: true });
  const [x, residual] = [tape.tensor('x', [2, 3]), tape.tensor('residual', [2, 4])];
  expect(() => addDropped(tape, residual, x, 0.5, { time: 2 })).toThrow(
    /sizes differ: the residual is .*2, 4/,
  );
});

it('gives two operations different masks', async () => {
  const first = await runOp(ones(8, 8), (tape, { x }) => dropout(tape, x, 0.5, { time: 8 }));
  const second = await runOp(ones(8, 8), (tape, { x }) => {
    tape.nextOperation();
    return dropout(tape, x, 0.5, { time: 8 });
  });
  expect(first.y).not.toEqual(second.y);
});

it('is nothing outside training', async () => {
  const { y } = await runOp(
    ones(2, 3),
    (tape, { x }) => {
      expect(dropout(tape, x, 0.5, { time: 2 })).toBe(x);
      return x;
    },
    { training: false },
  );
  expect(y).toEqual([1, 1, 1, 1, 1, 1]);
});

checkGradient(
  'a residual sum of what is dropped, read again after it,',
  { x: { shape: [4, 3] }, residual: { shape: [4, 3] } },
  (tape, { x, residual }) =>
    add(tape, addDropped(tape, residual as Tensor, x as Tensor, 0.3, { time: 2 }), residual as Tensor),
);
