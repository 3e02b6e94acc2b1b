// Packed rows of latent attention against their reference, finite differences and their definition.
import { describe, expect, it } from 'vitest';
import { latentPack, latentPackBackward, latentPackForward } from '../../src/kernels/latent-pack.ts';
import { ropeTable } from '../../src/kernels/rope.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

const shapes = [
  { rows: 1, time: 1, heads: 1, headSize: 1, ropeSize: 2, valueSize: 1 },
  { rows: 6, time: 3, heads: 3, headSize: 7, ropeSize: 6, valueSize: 5 },
  { rows: 127, time: 127, heads: 2, headSize: 16, ropeSize: 8, valueSize: 24 },
  { rows: 33, time: 11, heads: 5, headSize: 13, ropeSize: 0, valueSize: 13 },
  { rows: 300, time: 150, heads: 4, headSize: 32, ropeSize: 16, valueSize: 32 },
];

describeKernel(latentPackForward, shapes);
describeKernel(latentPackBackward, shapes);

const options = { heads: 2, headSize: 3, ropeSize: 4, valueSize: 2, time: 3 };
const angles = [...ropeTable(3, [1, 10 ** -0.5])];

const record = (tape: Tape, { queries, keyValues, ropeKey, table }: Readonly<Record<string, Tensor>>) =>
  latentPack(tape, queries, keyValues, { ropeKey, table }, options);

const wave = (length: number, frequency: number) => Array.from({ length }, (_, i) => Math.sin(frequency * i));
const inputs = {
  queries: { shape: [6, 14], values: wave(84, 1.3) },
  keyValues: { shape: [6, 10], values: wave(60, 0.9) },
  ropeKey: { shape: [6, 4], values: wave(24, 2.1) },
};
const table = { shape: [3, 2, 2], values: angles };

describe('latentPack', () => {
  it('puts queries, then keys, then values side by side, one rotated key in every head', async () => {
    const { y } = await runOp({ ...inputs, table }, record);
    const [queries, keyValues, ropeKey] = Object.values(inputs).map(({ values }) => values);
    const row = 4; // position 1 of the second sequence
    const turned = (from: readonly number[] = [], start: number, d: number) => {
      const angle = 1 / 10 ** (d / 2);
      const [a = 0, b = 0] = [from[start + d], from[start + d + 2]];
      return [a * Math.cos(angle) - b * Math.sin(angle), b * Math.cos(angle) + a * Math.sin(angle)];
    };
    const at = (column: number) => y[row * 32 + column] ?? Number.NaN;
    for (const head of [0, 1]) {
      for (const d of [0, 1, 2]) {
        expect(at(head * 7 + d)).toBe(queries?.[row * 14 + head * 7 + d]);
        expect(at(14 + head * 7 + d)).toBe(keyValues?.[row * 10 + head * 5 + d]);
      }
      for (const d of [0, 1]) {
        expect(at(28 + head * 2 + d)).toBe(keyValues?.[row * 10 + head * 5 + 3 + d]);
        const [query, key] = [turned(queries, row * 14 + head * 7 + 3, d), turned(ropeKey, row * 4, d)];
        expect(at(head * 7 + 3 + d)).toBeCloseTo(query[0] ?? 0, 6);
        expect(at(head * 7 + 5 + d)).toBeCloseTo(query[1] ?? 0, 6);
        expect(at(14 + head * 7 + 3 + d)).toBeCloseTo(key[0] ?? 0, 6);
        expect(at(14 + head * 7 + 5 + d)).toBeCloseTo(key[1] ?? 0, 6);
      }
    }
  });

  it('has the gradient of a linear map: differences are exact', async () => {
    const dy = wave(192, 0.7);
    const dot = (y: readonly number[]) => dy.reduce((sum, weight, i) => sum + weight * (y[i] ?? 0), 0);
    const base = await runOp({ ...inputs, table }, record, { dy });
    for (const [name, input] of Object.entries(inputs)) {
      for (let i = 0; i < input.values.length; i++) {
        const values = input.values.map((value, at) => (at === i ? value + 1 : value));
        const moved = await runOp({ ...inputs, [name]: { ...input, values }, table }, record);
        expect(base.gradients[name]?.[i]).toBeCloseTo(dot(moved.y) - dot(base.y), 9);
      }
    }
  });

  it('refuses projections that do not fit the heads', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [queries, keyValues, ropeKey, angles] = (
      [
        [6, 14],
        [6, 11],
        [6, 4],
        [3, 2, 2],
      ] as const
    ).map((shape, i) => tape.tensor(`t${i}`, shape));
    if (!queries || !keyValues || !ropeKey || !angles) throw new Error('unreachable');
    const rope = { ropeKey, table: angles };
    expect(() => latentPack(tape, queries, keyValues, rope, options)).toThrow(/keys and values \[6, 10\]/);
    expect(() => latentPack(tape, queries, queries, undefined, options)).toThrow(/are .* and none/);
  });
});

checkGradient(
  'latentPack without positions',
  { queries: { shape: [4, 6] }, keyValues: { shape: [4, 10] } },
  (tape, { queries, keyValues }) =>
    latentPack(tape, queries, keyValues, undefined, { ...options, ropeSize: 0, time: 2 }),
);
