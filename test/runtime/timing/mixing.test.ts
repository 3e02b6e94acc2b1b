// Mixtures against a timer that knows what switches and lost data cost.
import { describe, expect, it } from 'vitest';
import { type DeviceProfile, switchOf } from '../../../src/plan/device-profile.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { combineMixing, measureMixing } from '../../../src/runtime/timing/mixing.ts';
import type { Probing } from '../../../src/runtime/timing/probing.ts';
import { roundProfile } from '../../lab/plans/round-profile.ts';
import { near } from '../../near.ts';

/** A timer of shapes that each take `seconds`, of large ones a fifth more, and a switch; work goes at a third of its pace. */
function mixtureOf(seconds: readonly number[], switchSeconds: number) {
  const slowing = 3;
  const launchSeconds = 1e-5;
  const shapes = seconds.map((alone, index) => ({ seconds: alone, plan: { name: `${index}` } as Plan }));
  const timer: Pick<Probing, 'seconds'> = {
    seconds: async (mixture, repetitions) => {
      const passes = mixture.map(({ plan }) => {
        const alone = seconds[Number(plan.name)] ?? 0;
        const work = (alone - launchSeconds) * (alone > 1e-3 ? 1.2 : 1) + switchOf(switchSeconds, alone);
        return launchSeconds + slowing * work;
      });
      return repetitions * passes.reduce((sum, one) => sum + one, 0);
    },
  };
  const pace = { seconds: async () => 0.003, launchSeconds, bestSeconds: 0.001 };
  return { shapes, timer, pace };
}

describe('measureMixing', () => {
  it('tells a switch from what large dispatches lose, whatever the pace', async () => {
    const small = Array.from({ length: 30 }, (_, i) => 1e-4 + i * 1e-6);
    const large = Array.from({ length: 20 }, () => 2e-3);
    const { shapes, timer, pace } = mixtureOf([...large, ...small], 2e-5);
    const { switchSeconds, mixing } = await measureMixing(timer, shapes, pace);
    expect(switchSeconds.value).toBeCloseTo(2e-5, 7);
    expect(mixing.value).toBeGreaterThan(1.15);
    expect(mixing.value).toBeLessThan(1.22);
  });

  it('tells it too where many dispatches take less than two of them, and lose half', async () => {
    const small = Array.from({ length: 30 }, (_, i) => 1.1e-5 + i * 2e-6);
    const { shapes, timer, pace } = mixtureOf(small, 2e-5);
    const { switchSeconds } = await measureMixing(timer, shapes, pace);
    expect(switchSeconds.value).toBeCloseTo(2e-5, 7);
  });

  it('takes for a switch twice what is lost in the mean, at most', async () => {
    const { shapes, timer, pace } = mixtureOf(
      Array.from({ length: 20 }, () => 2e-5),
      0,
    );
    const slow: typeof timer = {
      seconds: async (mixture, repetitions) =>
        (await timer.seconds(mixture, repetitions)) + 3 * mixture.length * 1e-4,
    };
    const { switchSeconds } = await measureMixing(slow, shapes, pace);
    expect(switchSeconds.value).toBeCloseTo(2e-4, 7);
  });

  it('takes what a pass costs for no switch where it is told, and shapes that are too few for no answer', async () => {
    const passSeconds = 1e-3;
    const withPass = async (shapes: number) => {
      const mixture = mixtureOf(
        Array.from({ length: shapes }, () => 2e-4),
        0,
      );
      const timer: typeof mixture.timer = {
        seconds: async (...pass) => passSeconds + (await mixture.timer.seconds(...pass)),
      };
      return [
        await measureMixing(timer, mixture.shapes, mixture.pace),
        await measureMixing(timer, mixture.shapes, { ...mixture.pace, passSeconds }),
      ].map(({ switchSeconds }) => switchSeconds);
    };
    const [shared, taken] = await withPass(6);
    expect(shared?.value).toBeGreaterThan(5e-5);
    expect(taken?.value).toBeCloseTo(0, 9);
    const few = await withPass(3);
    expect(few.map(({ repeats }) => repeats)).toEqual([0, 0]);
  });

  it('finds nothing lost where nothing is', async () => {
    const { shapes, timer, pace } = mixtureOf([1e-4, 2e-4, 3e-4, 4e-4, 5e-4], 0);
    const { switchSeconds, mixing } = await measureMixing(timer, shapes, pace);
    expect([switchSeconds.repeats, mixing.repeats]).not.toContain(0); // it was measured
    expect(switchSeconds.value).toBeCloseTo(0, 9);
    expect(mixing.value).toBeCloseTo(1, 6);
  });

  it('needs neither a shape nor a pace', async () => {
    const { timer, pace } = mixtureOf([], 0);
    const { switchSeconds, mixing } = await measureMixing(timer, [], pace);
    expect([switchSeconds.value, mixing.value]).toEqual([0, 1]);
    const some = mixtureOf([1e-4, 2e-4], 1e-5);
    const stopped = { ...some.pace, seconds: async () => 0, bestSeconds: 0 };
    const unpaced = await measureMixing(some.timer, some.shapes, stopped);
    expect(unpaced.mixing.value).toBeGreaterThanOrEqual(1);
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
    const timed = [{ plan: {} as Plan, seconds: 1e-3 }];
    const now = { switchSeconds: measured(5e-6), mixing: measured(2) };
    const combined = combineMixing(before, now, timed);
    expect(combined.switchSeconds).toEqual({ value: near(2e-6), spread: near(0.1), repeats: 10 });
    expect(combined.mixing).toEqual({ value: near(1.4), spread: near(0.1), repeats: 10 });
  });

  it('keeps what is known where nothing was measured', () => {
    const unmeasured = { value: 1, spread: 0, repeats: 0 };
    const timed = [{ plan: {} as Plan, seconds: 1 }];
    expect(combineMixing(before, { switchSeconds: unmeasured, mixing: unmeasured }, timed)).toEqual({
      switchSeconds: before.switchSeconds,
      mixing: before.mixing,
    });
  });

  it('takes what was measured now where nothing was before', () => {
    const unmeasured = { value: 0, spread: 0, repeats: 0 };
    const now = { switchSeconds: measured(5e-6), mixing: measured(2) };
    const timed = [{ plan: {} as Plan, seconds: 1e-3 }];
    const without = { ...before, switchSeconds: unmeasured, mixing: unmeasured };
    expect(combineMixing(without, now, timed)).toEqual(now);
  });

  it('keeps what is known where nothing further was timed', () => {
    const now = { switchSeconds: measured(0), mixing: measured(1) };
    expect(combineMixing(before, now, [])).toEqual({
      switchSeconds: before.switchSeconds,
      mixing: before.mixing,
    });
  });
});
