// The gradient norm against its references and PyTorch, and its answer to numbers that are not finite.
import { expect, it } from 'vitest';
import { finishNormKernel, gradientNorm, sumSquaresKernel } from '../../src/kernels/gradient-norm.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { describeKernel } from './describe-kernel.ts';
import { goldenCases, runOp } from './run-op.ts';

describeKernel(sumSquaresKernel, [
  { elements: 1, groups: 1 },
  { elements: 127, groups: 64 },
  { elements: 128, groups: 1 },
  { elements: 129, groups: 2 },
  { elements: 100_003, groups: 64 },
]);
describeKernel(finishNormKernel, [
  { groups: 1, clip: 1 },
  { groups: 127, clip: 0 },
  { groups: 129, clip: 0.1 },
  { groups: 1024, clip: 100 },
]);

interface Golden {
  readonly clip: number;
  readonly gradients: readonly (readonly number[])[];
  readonly norm: number;
  readonly clipped: readonly (readonly number[])[];
}

it.each(goldenCases<Golden>('clip'))(
  'clips to $clip as PyTorch does',
  async ({ clip, gradients, norm, clipped }) => {
    const operands = {
      metrics: { shape: [8], values: new Array<number>(8).fill(0) },
      ...Object.fromEntries(gradients.map((values, i) => [`g${i}`, { shape: [values.length], values }])),
    };
    const { inputs } = await runOp(
      operands,
      (tape, { metrics, ...rest }) => {
        gradientNorm(tape, Object.values(rest), metrics, { clip });
        return metrics;
      },
      { training: false },
    );
    const [, actualNorm, finite, factor = 0] = inputs.metrics ?? [];
    expect(actualNorm).toBeCloseTo(norm, 8);
    expect(finite).toBe(1);
    expect((gradients[0]?.[0] ?? 0) * factor).toBeCloseTo(clipped[0]?.[0] ?? Number.NaN, 8);
  },
);

describeGpu('gradientNorm on the GPU', () => {
  it.each([
    ['a NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['a square that overflows', 1e30],
  ])('calls %s not finite', async (_, bad) => {
    const { device, capabilities } = await getTestDevice();
    const metrics = persistentTensor('metrics', [8], 'f32', 'state');
    const first = persistentTensor('first', [1000], 'f32', 'gradients');
    const second = persistentTensor('second', [300], 'f32', 'gradients');
    const tape = new Tape({ capabilities });
    gradientNorm(tape, [first, second], metrics, { clip: 1 });
    const plan = freeze('norm', tape);
    const runtime = await GpuRuntime.create(device, [plan]);
    const flagWith = async (value: number, loss = 1) => {
      runtime.write(metrics, new Float32Array(8).fill(loss, 0, 1));
      runtime.write(first, new Float32Array(1000).fill(0.01));
      runtime.write(second, new Float32Array(300).fill(0.01).fill(value, 299));
      await runtime.submit([{ plan, scalars: {} }]);
      return [...(await runtime.read(metrics))].slice(2, 4);
    };
    expect(await flagWith(bad)).toEqual([0, 1]);
    expect(await flagWith(0.01)).toEqual([1, 1]);
    expect(await flagWith(0.01, bad)).toEqual(Number.isFinite(bad) ? [1, 1] : [0, 1]); // the loss is not squared
    runtime.dispose();
  });
});
