// Mixtures against a timer that knows what switches and lost data cost.
import { expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/plan.ts';
import { measureMixing } from '../../../src/runtime/timing/mixing.ts';
import type { Probing } from '../../../src/runtime/timing/probing.ts';

/** A timer of shapes that each take `seconds` · (large ones 1.2) and a switch; work goes at a third of its pace. */
function mixtureOf(seconds: readonly number[], switchSeconds: number) {
  const slowing = 3;
  const launchSeconds = 1e-5;
  const shapes = seconds.map((alone, index) => ({ seconds: alone, plan: { name: `${index}` } as Plan }));
  const timer: Pick<Probing, 'seconds'> = {
    seconds: async (mixture, repetitions) => {
      const passes = mixture.map(({ plan }) => {
        const alone = seconds[Number(plan.name)] ?? 0;
        const work = (alone - launchSeconds) * (alone > 1e-3 ? 1.2 : 1) + switchSeconds;
        return launchSeconds + slowing * work;
      });
      return repetitions * passes.reduce((sum, one) => sum + one, 0);
    },
  };
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
