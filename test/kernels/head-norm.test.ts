// Norms of heads inside packed rows against their references, RMSNorm of rows of their own, and finite differences.
import { expect, it } from 'vitest';
import {
  headNorm,
  headNormBackward,
  headNormBackwardWeight,
  headNormForward,
} from '../../src/kernels/head-norm.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { beyondOneGridRow, checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

const shapes = [
  { rows: 1, heads: 1, columns: 1, rowStride: 1, firstColumn: 0 },
  { rows: 7, heads: 3, columns: 8, rowStride: 31, firstColumn: 2 },
  { rows: 8, heads: 2, columns: 7, rowStride: 30, firstColumn: 14 },
  { rows: 9, heads: 5, columns: 40, rowStride: 280, firstColumn: 0 },
  { rows: 67, heads: 1, columns: 257, rowStride: 300, firstColumn: 43 },
  { rows: 3, heads: 2, columns: 1023, rowStride: 2046, firstColumn: 0 },
  ...beyondOneGridRow({ rows: 270_000, heads: 2, columns: 2, rowStride: 4, firstColumn: 0 }),
];

describeKernel(
  headNormForward,
  shapes.map((shape, i) => ({ ...shape, epsilon: 1e-5, offset: i % 2, keeps: i % 3 === 2 ? 0 : 1 })),
);
describeKernel(
  headNormBackward,
  shapes.map((shape, i) => ({ ...shape, offset: i % 2 })),
);
describeKernel(
  headNormBackwardWeight,
  shapes
    .slice(0, 6)
    .map((shape, i) => ({ ...shape, slices: [1, 2, 16, 64, 3, 1][i] ?? 1, accumulate: i % 2 })),
);

const sizes = { heads: 3, keyValueHeads: 2, keySize: 4, valueSize: 3, epsilon: 1e-5 };
const rowStride = 3 * 4 + 2 * (4 + 3);

checkGradient(
  'headNorm of each head',
  { qkv: { shape: [5, rowStride] }, query: { shape: [4] }, key: { shape: [4] } },
  (tape, { qkv, query, key }) => {
    if (!qkv || !query || !key) throw new Error('unreachable');
    return headNorm(tape, qkv, { query, key }, { ...sizes, over: 'head', offset: 1 });
  },
);
checkGradient(
  'headNorm of all heads together',
  { qkv: { shape: [5, rowStride] }, query: { shape: [12] }, key: { shape: [8] } },
  (tape, { qkv, query, key }) => {
    if (!qkv || !query || !key) throw new Error('unreachable');
    return headNorm(tape, qkv, { query, key }, { ...sizes, over: 'all' });
  },
);

it('adds weight gradients of many tokens in slices', async () => {
  const rows = 150;
  const wave = (length: number, frequency: number) =>
    Array.from({ length }, (_, i) => Math.sin(frequency * i + 1));
  const [qkv, dy] = [wave(rows * rowStride, 1.3), wave(rows * rowStride, 0.7)];
  const operands = {
    qkv: { shape: [rows, rowStride], values: qkv },
    query: { shape: [4], values: [1, 1, 1, 1] },
    key: { shape: [4], values: [1, 1, 1, 1] },
  };
  const { y, gradients } = await runOp(
    operands,
    (tape, { qkv: x, query, key }) => {
      if (!x || !query || !key) throw new Error('unreachable');
      return headNorm(tape, x, { query, key }, { ...sizes, over: 'head' });
    },
    { dy },
  );
  const expected = [0, 0, 0, 0];
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < 3; head++) {
      const start = row * rowStride + head * 4;
      const values = qkv.slice(start, start + 4);
      const factor = 1 / Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / 4 + 1e-5);
      values.forEach((value, c) => {
        expected[c] = (expected[c] ?? 0) + value * factor * (dy[start + c] ?? 0);
        expect(y[start + c]).toBeCloseTo(value * factor, 12);
      });
    }
    // Values are left alone.
    expect(y[row * rowStride + 20]).toBe(qkv[row * rowStride + 20]);
    expect(gradients.qkv?.[row * rowStride + 20]).toBe(dy[row * rowStride + 20]);
  }
  expectClose(gradients.query, expected, 1e-10);
});

it('keeps nothing where no gradient is wanted', () => {
  const tape = new Tape({ capabilities: baselineCapabilities });
  const [qkv, query, key] = [
    tape.tensor('qkv', [5, rowStride]),
    tape.tensor('q', [4]),
    tape.tensor('k', [4]),
  ];
  headNorm(tape, qkv, { query, key }, { ...sizes, over: 'head' });
  expect(tape.dispatches.map(({ bindings }) => Object.keys(bindings).sort())).toEqual([
    ['qkv', 'weight'],
    ['qkv', 'weight'],
  ]);
});

it('refuses rows and weights of another size', () => {
  const tape = new Tape({ capabilities: baselineCapabilities });
  const [qkv, weight] = [tape.tensor('qkv', [5, rowStride]), tape.tensor('w', [4])];
  const both = { query: weight, key: weight };
  expect(() => headNorm(tape, qkv, both, { ...sizes, over: 'all' })).toThrow(/Pass \[12\]/);
  expect(() => headNorm(tape, qkv, both, { ...sizes, heads: 4, over: 'head' })).toThrow(/\[rows, 30\]/);
});
