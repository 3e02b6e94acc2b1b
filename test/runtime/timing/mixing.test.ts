// Mixtures against a timer that knows what switches and lost data cost.
import { expect, it } from 'vitest';
import { measureMixing } from '../../../src/runtime/timing/mixing.ts';
import type { PassTimer } from '../../../src/runtime/timing/timer.ts';

/** A timer of shapes that each take `seconds` · (large ones 1.2) and a switch; work goes at a third of its pace. */
function mixtureOf(seconds: readonly number[], switchSeconds: number) {
  let pass = 0;
  const slowing = 3;
  const launchSeconds = 1e-5;
  const shapes = seconds.map((alone) => ({
    seconds: alone,
    encode: () => {
      const work = (alone - launchSeconds) * (alone > 1e-3 ? 1.2 : 1) + switchSeconds;
      pass += launchSeconds + slowing * work;
    },
  }));
  const timer = {
    seconds: async (encode: (pass: GPUComputePassEncoder) => void) => {
      pass = 0;
      encode({} as GPUComputePassEncoder);
      return pass;
    },
  } as Pick<PassTimer, 'seconds'> as PassTimer;
  const pace = { seconds: async () => 0.003, launchSeconds, bestSeconds: 0.001 };
  return { shapes, timer, pace };
}

it('tells a switch from what large dispatches lose, whatever the pace', async () => {
  const small = Array.from({ length: 30 }, (_, i) => 1e-4 + i * 1e-6);
  const large = Array.from({ length: 20 }, () => 2e-3);
  const { shapes, timer, pace } = mixtureOf([...large, ...small], 2e-5);
  const { switchSeconds, mixing } = await measureMixing(timer, shapes, pace);
  expect(switchSeconds.value).toBeCloseTo(2e-5, 7);
  expect(mixing.value).toBeGreaterThan(1.15);
  expect(mixing.value).toBeLessThan(1.2);
});

it('finds nothing lost where nothing is', async () => {
  const { shapes, timer, pace } = mixtureOf([1e-4, 2e-4, 5e-4], 0);
  const { switchSeconds, mixing } = await measureMixing(timer, shapes, pace);
  expect(switchSeconds.value).toBeCloseTo(0, 9);
  expect(mixing.value).toBeCloseTo(1, 6);
});

it('needs no shape', async () => {
  const { timer, pace } = mixtureOf([], 0);
  const { switchSeconds, mixing } = await measureMixing(timer, [], pace);
  expect([switchSeconds.value, mixing.value]).toEqual([0, 1]);
});
