// The prologue's generator: the GPU's numbers and the twin's are the same bits, and look uniform.
import { describe, expect, it } from 'vitest';
import { prologue, randomUniform, randomWords } from '../../src/kernels/prologue.ts';
import { defineKernel } from '../../src/plan/kernel.ts';
import { parseStruct } from '../../src/plan/wgsl.ts';
import { describeKernel } from './describe-kernel.ts';

const source = `
override count: u32;
@group(0) @binding(0) var<storage, read_write> y: array<f32>; // [count]
@compute @workgroup_size(64)
fn draw(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let index = linearWorkgroup(group) * 64u + invocation;
  if (index < count) {
    y[index] = randomUniform(step.dropoutSeed, step.step, step.sampleOffset + index % 7u, index % 5u, index);
  }
}`;

const draw = defineKernel({
  name: 'test.draw',
  role: 'other',
  source: prologue + source,
  entryPoint: 'draw',
  dims: ['count'],
  reads: [],
  writes: ['y'],
  tensors: ({ count }) => ({ y: { shape: [count] } }),
  selfTest: [{ count: 5 }],
  calibration: [{ count: 5 }],
  workgroups: ({ count }) => Math.ceil(count / 64),
  usefulFlops: () => 0,
  bytes: ({ count }) => 4 * count,
  reference({ y }, { count }, { dropoutSeed = 0, step = 0, sampleOffset = 0 }) {
    for (let i = 0; i < count; i++) y[i] = randomUniform(dropoutSeed, step, sampleOffset + (i % 7), i % 5, i);
  },
});

// Tolerance 0: a dropout mask must be the same on every device.
describeKernel(draw, [{ count: 1 }, { count: 1000 }], { tolerance: 0 });
describeKernel(draw, [{ count: 64 }], {
  tolerance: 0,
  scalars: { dropoutSeed: 4_294_967_295, step: 4_000_000_000, sampleOffset: 4_294_967_290 },
});

describe('the generator', () => {
  it('has the mean and variance of a uniform number, and no correlation of neighbours', () => {
    const count = 40_000;
    const values = Array.from({ length: count }, (_, i) => randomUniform(1, 2, 3, 4, i));
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    const neighbours = values
      .slice(1)
      .reduce((sum, value, i) => sum + (value - mean) * ((values[i] ?? 0) - mean), 0);
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(Math.abs(neighbours / count / variance)).toBeLessThan(0.02);
  });

  it('gives other words for every part of the counter', () => {
    const first = randomWords(1, 2, 3, 4);
    for (const other of [
      randomWords(2, 2, 3, 4),
      randomWords(1, 3, 3, 4),
      randomWords(1, 2, 4, 4),
      randomWords(1, 2, 3, 5),
    ]) {
      expect(other).not.toEqual(first);
    }
  });
});

describe('the step record', () => {
  it('fits one 256-byte record of four-byte fields', () => {
    const fields = parseStruct(prologue, 'Step');
    expect(fields.length).toBeGreaterThan(8);
    expect(fields.length * 4).toBeLessThanOrEqual(256);
    expect(fields.map(({ name }) => name)).toContain('learningRate');
  });
});
