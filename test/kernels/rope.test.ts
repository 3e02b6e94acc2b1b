// Rotary embedding against its reference, its definition and finite differences, and one row at a position of the state.
import { describe, expect, it } from 'vitest';
import { rope, ropeDecode, ropeDecodeRotate, ropeRotate, ropeTable } from '../../src/kernels/rope.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { beyondOneGridRow, describeKernel } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

/** [heads, keyValueHeads, keySize, valueSize, rotated] */
const sizes = [
  [1, 1, 2, 1, 2],
  [3, 1, 6, 5, 6],
  [4, 2, 32, 32, 8],
  [5, 5, 34, 8, 34],
  [2, 2, 128, 64, 32],
] as const;

const heads = sizes.map(([heads, keyValueHeads, keySize, valueSize, rotated]) => {
  const rowStride = heads * keySize + keyValueHeads * (keySize + valueSize);
  return { heads, keyValueHeads, keySize, rotated, rowStride, qOffset: 0, kOffset: heads * keySize };
});

describeKernel(
  ropeRotate,
  [1, 37, 64, 1, 200].flatMap((time, index) => {
    const shape = heads[index] ?? heads[0];
    return shape ? [{ ...shape, rows: 3 * time, time, direction: index % 2 === 0 ? 1 : -1 }] : [];
  }),
);
describeKernel(
  ropeRotate,
  beyondOneGridRow({
    rows: 4_200_000,
    time: 11,
    heads: 1,
    keyValueHeads: 1,
    keySize: 2,
    rotated: 2,
    rowStride: 4,
    qOffset: 0,
    kOffset: 2,
    direction: 1,
  }),
);
describeKernel(
  ropeDecodeRotate,
  heads.map((shape, index) => ({
    ...shape,
    ...{ slots: 1 + index, context: [1, 7, 64, 65, 300][index] ?? 1 },
  })),
);

const options = { heads: 2, keyValueHeads: 1, keySize: 4, valueSize: 3 };
const turns = (size: number) => Array.from({ length: size / 2 }, (_, i) => 10_000 ** ((-2 * i) / size));
const table = ropeTable(5, turns(4));

describe('ropeTable', () => {
  it('holds cosine and sine of position · frequency', () => {
    const half = ropeTable(300, turns(8)).subarray(299 * 8);
    for (let d = 0; d < 4; d++) {
      expect(half[2 * d]).toBeCloseTo(Math.cos(299 / 10_000 ** (d / 4)), 6);
      expect(half[2 * d + 1]).toBeCloseTo(Math.sin(299 / 10_000 ** (d / 4)), 6);
    }
  });
});

describe('a table with an amplitude', () => {
  it('is the plain one times it', () => {
    const plain = ropeTable(40, turns(8));
    ropeTable(40, turns(8), 1.25).forEach((value, at) => {
      expect(value).toBeCloseTo(1.25 * plain[at], 6);
    });
  });
});

/** Runs rope on values, and its gradient on weights, by the references in double precision. */
async function run(values: Float64Array, weights: Float64Array, gradientBefore?: Float64Array) {
  const tape = new Tape({ capabilities: baselineCapabilities, training: true });
  const [x, dx, dy] = ['x', 'dx', 'dy'].map((name) => persistentTensor(name, [10, 15], 'f32', 'state'));
  const angles = persistentTensor('table', [5, 2, 2], 'f32', 'state');
  if (!x || !dx || !dy) throw new Error('unreachable');
  if (gradientBefore) tape.parameter(x, dx, 1);
  else tape.parameter(x, dx);
  const y = rope(tape, x, angles, { ...options, time: 5 });
  tape.adoptGradient(y, dy);
  tape.backward();
  const plan = freeze('rope', tape);
  const runtime = new CpuRuntime([plan], [dx.storage, dy.storage], 'f64');
  runtime.write(x, values);
  runtime.write(dy, weights);
  runtime.write(angles, Float64Array.from(table));
  if (gradientBefore) runtime.write(dx, gradientBefore);
  await runtime.submit([{ plan, scalars: {} }]);
  return { y: await runtime.read(y), dx: await runtime.read(dx) };
}

const wave = (length: number, frequency: number) =>
  Float64Array.from({ length }, (_, i) => Math.sin(frequency * i));

describe('rope', () => {
  it('turns the pair (d, d + half) of each query and key head by its angle, and leaves values alone', async () => {
    const x = wave(150, 1.3);
    const { y } = await run(x, wave(150, 1));
    for (const [row, head, d] of [
      [0, 0, 0],
      [4, 1, 1],
      [7, 2, 0],
      [9, 0, 1],
    ] as const) {
      const at = row * 15 + head * 4 + d; // head 2 is the key head, which follows the two query heads
      const angle = (row % 5) / 10_000 ** (d / 2);
      const [a = 0, b = 0] = [x[at], x[at + 2]];
      expect(y[at]).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 6);
      expect(y[at + 2]).toBeCloseTo(b * Math.cos(angle) + a * Math.sin(angle), 6);
    }
    for (const at of [12, 13, 14, 149]) expect(y[at]).toBe(x[at]);
  });

  it('leaves the channels of a head alone that do not turn, and pairs the others', async () => {
    const record = (tape: Tape, { x, angles }: Readonly<Record<string, Tensor>>) => {
      if (!x || !angles) throw new Error('unreachable');
      return rope(tape, x, angles, { ...options, rotated: 2, time: 5 });
    };
    const values = [...wave(150, 1.3)];
    const operands = {
      x: { shape: [10, 15], values },
      angles: { shape: [5, 1, 2], values: [...ropeTable(5, turns(2))] },
    };
    const dy = [...wave(150, 0.9)];
    const { y, gradients } = await runOp(operands, record, { dy });
    for (let row = 0; row < 10; row++) {
      const [cosine, sine] = [Math.cos(row % 5), Math.sin(row % 5)];
      for (let column = 0; column < 15; column++) {
        const at = row * 15 + column;
        const place = column < 12 ? column % 4 : 2;
        const pair = (list: readonly number[], d: number) => list[at + d] ?? 0;
        const wanted =
          place > 1
            ? pair(values, 0)
            : place === 0
              ? pair(values, 0) * cosine - pair(values, 1) * sine
              : pair(values, 0) * cosine + pair(values, -1) * sine;
        const back =
          place > 1
            ? pair(dy, 0)
            : place === 0
              ? pair(dy, 0) * cosine + pair(dy, 1) * sine
              : pair(dy, 0) * cosine - pair(dy, -1) * sine;
        expect(y[at]).toBeCloseTo(wanted, 6);
        expect(gradients.x?.[at]).toBeCloseTo(back, 6);
      }
    }
  });

  it('has the gradient of a linear map: differences are exact', async () => {
    const [x, weights] = [wave(150, 1.3), wave(150, 0.7)];
    const dot = ({ y }: { y: ArrayLike<number> }) => weights.reduce((sum, w, i) => sum + w * (y[i] ?? 0), 0);
    const base = await run(x, weights);
    for (let i = 0; i < 150; i += 7) {
      const moved = x.slice();
      moved[i] = (moved[i] ?? 0) + 1;
      expect(base.dx[i]).toBeCloseTo(dot(await run(moved, weights)) - dot(base), 9);
    }
  });

  it('adds its gradient to one that is there already', async () => {
    const [x, weights, before] = [wave(150, 1.3), wave(150, 0.7), wave(150, 2.1)];
    const fresh = await run(x, weights);
    const added = await run(x, weights, before);
    for (let i = 0; i < 150; i++) expect(added.dx[i]).toBeCloseTo(fresh.dx[i] + (before[i] ?? 0), 12);
  });

  it('turns one row by the position of the state as it turns a whole sequence', async () => {
    const whole = await run(wave(150, 1.3), wave(150, 1));
    const tape = new Tape({ capabilities: baselineCapabilities });
    const row = persistentTensor('row', [1, 15], 'f32', 'state');
    const state = persistentTensor('state', [4], 'u32', 'state');
    const angles = persistentTensor('table', [5, 2, 2], 'f32', 'state');
    const y = ropeDecode(tape, row, angles, state, options);
    const plan = freeze('decode', tape);
    const runtime = new CpuRuntime([plan], [], 'f64');
    runtime.write(row, wave(150, 1.3).slice(45, 60));
    runtime.write(state, Uint32Array.of(3, 0, 0, 0));
    runtime.write(angles, Float64Array.from(table));
    await runtime.submit([{ plan, scalars: {} }]);
    expect(await runtime.read(y)).toEqual(whole.y.slice(45, 60));
  });

  it('refuses an odd head size and a row of another width', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [qkv, angles] = [tape.tensor('qkv', [5, 15]), tape.tensor('table', [5, 2, 2])];
    expect(() => rope(tape, qkv, angles, { ...options, keySize: 3, time: 5 })).toThrow(
      /3 of 3 channels of a head turn/,
    );
    expect(() => rope(tape, qkv, angles, { ...options, heads: 3, time: 5 })).toThrow(/\[rows, 19\]/);
  });
});
