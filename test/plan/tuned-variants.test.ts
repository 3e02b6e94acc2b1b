// Variants chosen by what a fake timer measured: the quickest, the smaller of equals, and none that was not checked.
import { describe, expect, it } from 'vitest';
import { matmulKernels } from '../../src/kernels/matmul.ts';
import { recordTypical } from '../../src/lab/cost/calibration.ts';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { plainPresets } from '../../src/model/presets/starting.ts';
import { baselineCapabilities, type Kernel, type VariantTable } from '../../src/plan/kernel.ts';
import { tunedVariants } from '../../src/plan/tuned-variants.ts';
import { fakeSeconds, timedProfile } from './timed-profile.ts';

const named = (name: string): Kernel => {
  const found = allKernels.find((kernel) => kernel.name === name);
  if (!found) throw new Error(`There is no ${name}.`);
  return found;
};

/** Tiled products, in the built-in order of a small one. */
const [small, large, wide] = [
  named('matmul.nn/tiled-32x32-4x4'),
  named('matmul.nn/tiled-64x64-8x8'),
  named('matmul.nn/tiled-128x128-8x8'),
];
const runnable = [small, large, wide];
const dims = small.calibration[2] ?? {};
const speeds =
  (of: Readonly<Record<string, number>>) =>
  ({ name }: Kernel) =>
    of[name] ?? 1;

describe('a table of tuned variants', () => {
  it('takes the quickest', () => {
    const table = tunedVariants(timedProfile(runnable, speeds({ [wide.name]: 2, [large.name]: 1.5 })));
    expect(table(runnable, dims)).toBe(wide);
  });

  it('keeps the built-in one where none is quicker by more than a tie', () => {
    const table = tunedVariants(timedProfile(runnable, speeds({ [large.name]: 1.02, [wide.name]: 0.5 })));
    expect(table(runnable, dims)).toBe(small);
  });

  it('takes the one with fewer sums in registers of equally quick ones', () => {
    const table = tunedVariants(timedProfile(runnable, speeds({ [small.name]: 2, [wide.name]: 2.02 })));
    expect(table([large, small, wide], dims)).toBe(small);
    expect(table([large, wide, small], dims)).toBe(small);
  });

  it('takes no gain that the timings scatter as far as', () => {
    const profile = timedProfile(runnable, speeds({ [large.name]: 1.2 }));
    const scattered = (spread: number) => ({
      ...profile,
      kernels: {
        ...profile.kernels,
        [large.name]: (profile.kernels[large.name] ?? []).map((point) => ({
          ...point,
          seconds: { ...point.seconds, spread },
        })),
      },
    });
    expect(tunedVariants(scattered(0.02))(runnable, dims)).toBe(large);
    expect(tunedVariants(scattered(0.3))(runnable, dims)).toBe(small);
  });

  it('takes none that did not agree with its reference, and leaves all to the built-in order without a tuning', () => {
    const quick = speeds({ [wide.name]: 9 });
    expect(tunedVariants(timedProfile(runnable, quick, [large.name]))(runnable, dims)).toBe(small);
    expect(tunedVariants(timedProfile(runnable, quick, []))(runnable, dims)).toBeUndefined();
  });

  it('goes by the size nearest to the wanted one: quick at large sizes says nothing of small ones', () => {
    const profile = timedProfile(runnable, () => 1);
    const points = profile.kernels[wide.name] ?? [];
    const quickest = points.map((point, index) =>
      index === 2 ? { ...point, seconds: { ...point.seconds, value: point.seconds.value / 3 } } : point,
    );
    const table = tunedVariants({ ...profile, kernels: { ...profile.kernels, [wide.name]: quickest } });
    expect(table(runnable, small.calibration[2] ?? {})).toBe(wide);
    expect(table(runnable, small.calibration[0] ?? {})).toBe(small);
  });
});

describe('over the plain presets', () => {
  /** Some speed for every variant: larger tiles quicker, in an order that nothing else knows. */
  const speedOf = ({ name }: Kernel): number =>
    0.4 + ([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % 100) / 60;
  const profile = timedProfile(allKernels, speedOf);
  const tuned = tunedVariants(profile);
  /** Built-in orders turned round: the slow variant of a product may come first. */
  const turned: VariantTable = (candidates) => candidates.at(-1);
  const seconds = (experiment: unknown, variants?: VariantTable): number => {
    const plans = recordTypical(experiment, { capabilities: baselineCapabilities, variants });
    const dispatches = [...(plans?.accumulate.dispatches ?? []), ...(plans?.update.dispatches ?? [])];
    return dispatches.reduce(
      (sum, { kernel, dims: at }) => sum + fakeSeconds(kernel, at, speedOf(kernel)),
      0,
    );
  };

  it.each(plainPresets.map(({ id, experiment }) => [id, experiment] as const))(
    'loses nothing to the built-in order, and finds its gain back from a turned one: %s',
    (_, experiment) => {
      const [builtIn, shuffled] = [seconds(experiment), seconds(experiment, turned)];
      const best = seconds(experiment, tuned);
      const back = seconds(experiment, (candidates, at) => tuned([...candidates].reverse(), at));
      expect(best / builtIn).toBeLessThan(1.03);
      expect(back / builtIn).toBeLessThan(1.03);
      expect(shuffled / back).toBeGreaterThan(1);
    },
  );

  it('knows how many sums the large tiles hold', () => {
    for (const kernel of matmulKernels.filter(({ name }) => /\/(tiled|pairs|subgroup)/.test(name)))
      expect(kernel.sums).toBeGreaterThanOrEqual(16);
  });
});
