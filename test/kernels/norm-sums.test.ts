// The gradient of a norm's weight, written at once for few rows, by slices and their sum for many; who shares a row.
import { expect, it } from 'vitest';
import { noDropout } from '../../src/kernels/dropout-mask.ts';
import { layerNormBackwards, layerNormForwards } from '../../src/kernels/layer-norm.ts';
import { recordWeightGradient } from '../../src/kernels/norm-sums.ts';
import { baselineCapabilities, type Capabilities } from '../../src/plan/kernel.ts';
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

it('gives an invocation a row of its own where rows are many on a software adapter', () => {
  const features = new Set(['subgroups']);
  const software = { ...baselineCapabilities, features, subgroupMinSize: 8, subgroupMaxSize: 8 };
  const chosenOf = (rows: number, capabilities: Capabilities) => {
    const tape = new Tape({ capabilities });
    const size = { rows, columns: 64, offset: 0 };
    const forward = tape.choose(layerNormForwards, { ...size, hasBias: 0, epsilon: 1e-5 });
    const backward = tape.choose(layerNormBackwards, { ...size, accumulate: 0, ...noDropout });
    return [forward.name, backward.name];
  };
  expect(chosenOf(128, software)).toEqual(['layerNorm.forward/row-each', 'layerNorm.backward/row-each']);
  for (const names of [chosenOf(16, software), chosenOf(256, baselineCapabilities)])
    expect(names).toEqual(['layerNorm.forward', 'layerNorm.backward']);
});
