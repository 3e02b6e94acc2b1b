// Mixtures against a timer that knows what passes, switches and lost data cost.
import { describe, expect, it } from 'vitest';
import { coldSeconds, type DeviceProfile } from '../../../src/plan/device-profile.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { combineMixing, measureMixing } from '../../../src/runtime/timing/mixing.ts';
import type { Probing } from '../../../src/runtime/timing/probing.ts';
import { roundProfile } from '../../lab/plans/round-profile.ts';
import { near } from '../../near.ts';

const launchSeconds = 1e-5;
const passCost = 1e-4;
/** 100 GB/s of what fits a cache, 10 of what does not. */
const copyBytesPerSecond = [
  { bytes: 1e6, rate: { value: 1e11, spread: 0, repeats: 3 } },
  { bytes: 1e8, rate: { value: 1e10, spread: 0, repeats: 3 } },
];

/**
 * A timer of shapes that each take `seconds`, and behind another one a switch, what their bytes cost from afar, and of large
 * ones a fifth more; a pass costs by itself, and every third round the machine is three times as slow.
 */
function mixtureOf(seconds: readonly number[], switchSeconds: number, bytes = 0) {
  const shapes = seconds.map((alone, index) => ({
    seconds: alone,
    bytes,
    plan: { name: `${index}` } as Plan,
  }));
  const passes: number[] = [];
  let slowing = 1;
  const timer: Pick<Probing, 'seconds'> = {
    seconds: async (mixture, repetitions) => {
      const cold = coldSeconds({ copyBytesPerSecond }, bytes, bytes * new Set(mixture).size);
      const once = mixture.reduce((sum, { plan }, index) => {
        const alone = seconds[Number(plan.name)] ?? 0;
        if (mixture.at(index - 1)?.plan === plan) return sum + alone;
        return sum + alone * (alone > 1e-3 ? 1.2 : 1) + switchSeconds + cold;
      }, 0);
      passes.push(new Set(mixture).size);
      slowing = Math.ceil(passes.length / 2) % 3 === 0 ? 3 : 1;
      return slowing * (passCost + repetitions * once);
    },
  };
  const conditions = { launchSeconds, copyBytesPerSecond, bestSeconds: 1, seconds: async () => slowing };
  return { shapes, timer, conditions, passes };
}

describe('measureMixing', () => {
  it('tells a switch from what large dispatches lose, however fast the machine is and whatever a pass costs', async () => {
    const small = Array.from({ length: 30 }, (_, i) => 2e-5 + i * 1e-7);
    const large = Array.from({ length: 15 }, () => 2e-3);
    const { shapes, timer, conditions } = mixtureOf([...large, ...small], 2e-6);
    const { switchSeconds, mixing } = await measureMixing(timer, shapes, conditions);
    expect(switchSeconds.value).toBeCloseTo(2e-6, 7);
    expect(mixing.value).toBeGreaterThan(1.18);
    expect(mixing.value).toBeLessThan(1.22);
  });

  it('asks only shapes of a few launches for a switch, and some others where there are too few', async () => {
    const asked = async (small: number) => {
      const seconds = [
        ...Array.from({ length: 9 }, () => 4.5e-4),
        ...Array.from({ length: small }, () => 2e-5),
      ];
      const { shapes, timer, conditions, passes } = mixtureOf(seconds, 0);
      await measureMixing(timer, shapes, conditions);
      return passes[0];
    };
    expect(await asked(20)).toBe(20);
    expect(await asked(2)).toBe(4); // 0.94 ms together
  });

  it('takes what data from afar costs neither for a switch nor for a loss', async () => {
    const small = Array.from({ length: 20 }, () => 3e-5);
    const { shapes, timer, conditions } = mixtureOf(small, 2e-6, 5e5);
    const { switchSeconds, mixing } = await measureMixing(timer, shapes, conditions);
    expect(switchSeconds.value).toBeCloseTo(2e-6, 6);
    expect(mixing.value).toBeLessThan(1.02);
  });

  it('finds nothing lost where nothing is', async () => {
    const { shapes, timer, conditions } = mixtureOf([1e-4, 2e-4, 5e-4], 0);
    const { switchSeconds, mixing } = await measureMixing(timer, shapes, conditions);
    expect(switchSeconds.value).toBeCloseTo(0, 9);
    expect(mixing.value).toBeCloseTo(1, 6);
  });

  it('takes for mixing what a pass takes beyond the seconds of its shapes, whatever their order costs', async () => {
    const { shapes, timer, conditions } = mixtureOf([5e-4, 6e-4, 7e-4, 8e-4], 0);
    const tooShort = shapes.map((shape) => ({ ...shape, seconds: shape.seconds / 1.1 }));
    const { switchSeconds, mixing } = await measureMixing(timer, tooShort, conditions);
    expect(switchSeconds.value).toBeCloseTo(0, 9);
    expect(mixing.value).toBeCloseTo(1.1, 2);
  });

  it('needs no shape', async () => {
    const { timer, conditions } = mixtureOf([], 0);
    const { switchSeconds, mixing } = await measureMixing(timer, [], conditions);
    expect([switchSeconds.value, mixing.value]).toEqual([0, 1]);
  });
});

describe('combineMixing', () => {
  const measured = (value: number) => ({ value, spread: 0.1, repeats: 5 });
  const before: DeviceProfile = {
    ...roundProfile,
    switchSeconds: measured(1e-6),
    mixing: measured(1.2),
    kernels: {
      product: Array.from({ length: 3 }, () => ({
        shape: '',
        launchedFlops: 1,
        bytes: 1,
        workgroups: 1,
        seconds: measured(1e-3),
      })),
    },
  };

  it('lets a few further shapes count for no more than they are', () => {
    const timed = [{ plan: {} as Plan, seconds: 1e-3, bytes: 1 }];
    const now = { switchSeconds: measured(5e-6), mixing: measured(2) };
    const combined = combineMixing(before, now, timed);
    expect(combined.switchSeconds).toEqual({ value: near(2e-6), spread: near(0.1), repeats: 10 });
    expect(combined.mixing).toEqual({ value: near(1.4), spread: near(0.1), repeats: 10 });
  });

  it('keeps what is known where nothing further was timed', () => {
    const now = { switchSeconds: measured(0), mixing: measured(1) };
    expect(combineMixing(before, now, [])).toEqual({
      switchSeconds: before.switchSeconds,
      mixing: before.mixing,
    });
  });
});
