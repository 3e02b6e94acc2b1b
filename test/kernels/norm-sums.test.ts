// The gradient of a norm's weight: written at once for few rows, by slices and their sum for many.
import { expect, it } from 'vitest';
import { recordWeightGradient } from '../../src/kernels/norm-sums.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';

function recorded(rows: number) {
  const tape = new Tape({ capabilities: baselineCapabilities, training: true });
  const weight = persistentTensor('weight', [2, 24], 'f32', 'state');
  const gradient = persistentTensor('∂weight', [2, 24], 'f32', 'state');
  tape.parameter(weight, gradient);
  const written: unknown[] = [];
  recordWeightGradient(tape, 'norm', weight, rows, (sums, options) => {
    written.push({ name: sums.name, shape: sums.shape, ...options });
  });
  return { written, sums: tape.dispatches.map(({ kernel, bindings }) => [kernel.name, bindings.y?.name]) };
}

it('writes few rows straight into the gradient', () => {
  const { written, sums } = recorded(128);
  expect(written).toEqual([{ name: '∂weight', shape: [2, 24], slices: 1, accumulate: expect.any(Number) }]);
  expect(sums).toEqual([]);
});

it('adds slices of many rows up in a kernel of its own', () => {
  const { written, sums } = recorded(300);
  expect(written).toEqual([{ name: 'norm sums', shape: [3, 2, 24], slices: 3, accumulate: 0 }]);
  expect(sums).toEqual([['columnSum', '∂weight']]);
});
