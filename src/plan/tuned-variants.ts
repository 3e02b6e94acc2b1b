// Which variant of a family runs at which size on a device where variants were timed beside those of the built-in order.
import type { DeviceProfile, EfficiencyPoint } from './device-profile.ts';
import type { Dims, Kernel, VariantTable } from './kernel.ts';
import { costOf, predictDispatch } from './predict.ts';

/** Variants within this part of the quickest count as equally quick. */
export const tie = 0.03;

/**
 * A table that takes what is expected to be quickest, by the same expectation that predicts runs. A variant goes before the
 * built-in one only where it was checked on the device, where it was quicker at the nearest size at which both were timed,
 * and by more than a tie; of equally quick ones the one with fewer sums in registers goes first.
 */
export function tunedVariants(profile: DeviceProfile): VariantTable {
  const checked = new Set(profile.variants ?? []);
  const known = new Map<string, Kernel | undefined>();
  return (runnable, dims) => {
    const [builtIn] = runnable;
    if (!builtIn || checked.size === 0) return undefined;
    const key = `${runnable.map(({ name }) => name).join()} ${JSON.stringify(dims)}`;
    if (!known.has(key)) known.set(key, quickest(profile, checked, builtIn, runnable, dims));
    return known.get(key);
  };
}

function quickest(
  profile: DeviceProfile,
  checked: ReadonlySet<string>,
  builtIn: Kernel,
  runnable: readonly Kernel[],
  dims: Dims,
): Kernel | undefined {
  const size = costOf(dispatchOf(builtIn, dims)).launchedFlops;
  const rivals = runnable.filter(
    (kernel) => kernel !== builtIn && checked.has(kernel.name) && wasQuicker(profile, kernel, builtIn, size),
  );
  const timed = [builtIn, ...rivals].map((kernel) => ({
    kernel,
    seconds: predictDispatch(dispatchOf(kernel, dims), profile).seconds,
  }));
  const best = Math.min(...timed.map(({ seconds }) => seconds));
  const equal = timed.filter(({ seconds }) => seconds <= (1 + tie) * best);
  return equal.reduce((a, b) => ((b.kernel.sums ?? 0) < (a.kernel.sums ?? 0) ? b : a)).kernel;
}

/** True if a variant took no longer than the built-in one at the timed size that is nearest to the wanted one. */
function wasQuicker({ kernels }: DeviceProfile, rival: Kernel, builtIn: Kernel, size: number): boolean {
  const others = new Map((kernels[rival.name] ?? []).map((point) => [point.shape, point]));
  const shared = (kernels[builtIn.name] ?? []).filter(({ shape }) => others.has(shape));
  const distance = ({ launchedFlops }: EfficiencyPoint) =>
    Math.abs(Math.log((launchedFlops + 1) / (size + 1)));
  const [nearest] = [...shared].sort((a, b) => distance(a) - distance(b));
  const other = nearest && others.get(nearest.shape);
  return (
    nearest !== undefined && other !== undefined && other.seconds.value <= (1 + tie) * nearest.seconds.value
  );
}

function dispatchOf(kernel: Kernel, dims: Dims) {
  const workgroups = kernel.workgroups(dims);
  return { kernel, dims, bindings: {}, workgroups, label: '', phase: 'forward' } as const;
}
