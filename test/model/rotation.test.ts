// Tests of rotations that no published file has: ours, those of local layers, and limits that the methods share.
import { expect, test } from 'vitest';
import { plainAttention } from '../../src/model/attention-config.ts';
import { ntkBase, type RotationShape, rotationOf } from '../../src/model/rotation.ts';

const shape: RotationShape = {
  ...plainAttention,
  ...{ headSize: 8, position: 'rope', context: 64, ropeBase: 10_000 },
};

test('the plain rotation turns by base^(−2i / size), of the part of a head that turns', () => {
  const turns = (model: Partial<RotationShape>) => [
    ...rotationOf({ ...shape, ...model }, 'global').frequencies,
  ];
  [1, 0.1, 0.01, 0.001].forEach((turn, i) => {
    expect(turns({})[i]).toBeCloseTo(turn, 12);
  });
  expect(turns({ ropeFraction: 0.5 })).toHaveLength(2);
  expect(turns({ position: 'none' })).toEqual([]);
});

test('NTK raises the base so that the longest wavelength is stretched by the factor and the shortest is not', () => {
  const base = ntkBase(10_000, 8, 4);
  expect(base ** (6 / 8) / 10_000 ** (6 / 8)).toBeCloseTo(4, 12);
  expect(ntkBase(10_000, 2, 4)).toBe(10_000);
  const found = rotationOf({ ...shape, ropeScaling: 'ntk' }, 'global').frequencies;
  expect(found[0]).toBe(1);
  expect(found[3]).toBeCloseTo(0.001 / 4, 12);
});

test('local layers with a base of their own are never stretched', () => {
  const model = { ...shape, localRopeBase: 100, ropeScaling: 'yarn' } as const;
  const { frequencies, amplitude } = rotationOf(model, 'local');
  expect(amplitude).toBe(1);
  expect(frequencies[2]).toBeCloseTo(0.1, 12);
});

test.each(['linear', 'ntk', 'llama3', 'yarn'] as const)(
  'a factor of 1 makes %s the plain rotation',
  (kind) => {
    const plain = rotationOf(shape, 'global');
    const scaled = rotationOf(
      { ...shape, ropeScaling: kind, ropeScalingFactor: 1, ropeOriginalContext: 16 },
      'global',
    );
    expect(scaled.amplitude).toBe(1);
    plain.frequencies.forEach((turn, i) => {
      expect(scaled.frequencies[i]).toBeCloseTo(turn, 12);
    });
  },
);
