// Which variant of a family runs at which size on a device where variants were timed beside those of the built-in order.
import type { DeviceProfile, EfficiencyPoint } from './device-profile.ts';
import type { Dims, Kernel, VariantTable } from './kernel.ts';
import { costOf, predictDispatch } from './predict.ts';

/** What is quicker by no more than this part counts as equally quick. */
export const tie = 0.03;

/**
 * A table that takes what is expected to be quickest, by the same expectation that predicts runs. A variant goes before the
 * built-in one only where it was checked on the device, and where it is quicker by more than a tie both by expectation and,
 * beyond what the timings scatter, at the nearest size at which both were timed: noise is no gain. Of such variants that are
 * equally quick the one with fewer sums in registers is taken.
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
  const expected = (kernel: Kernel) => predictDispatch(dispatchOf(kernel, dims), profile).seconds;
  const before = expected(builtIn);
  const quicker = runnable
    .filter((kernel) => kernel !== builtIn && checked.has(kernel.name))
    .filter((kernel) => wasQuicker(profile, kernel, builtIn, size))
    .map((kernel) => ({ kernel, seconds: expected(kernel) }))
    .filter(({ seconds }) => (1 + tie) * seconds < before);
  const best = Math.min(...quicker.map(({ seconds }) => seconds));
  const equal = quicker.filter(({ seconds }) => seconds <= (1 + tie) * best).map(({ kernel }) => kernel);
  return equal.length === 0 ? builtIn : equal.reduce((a, b) => ((b.sums ?? 0) < (a.sums ?? 0) ? b : a));
}

/**
 * True if a variant was quicker than the built-in one at the timed size that is nearest to the wanted one, by more than a
 * tie and more than both scatter (each by half the distance between its quartiles).
 */
function wasQuicker({ kernels }: DeviceProfile, rival: Kernel, builtIn: Kernel, size: number): boolean {
  const others = new Map((kernels[rival.name] ?? []).map((point) => [point.shape, point]));
  const shared = (kernels[builtIn.name] ?? []).filter(({ shape }) => others.has(shape));
  const distance = ({ launchedFlops }: EfficiencyPoint) =>
    Math.abs(Math.log((launchedFlops + 1) / (size + 1)));
  const [nearest] = [...shared].sort((a, b) => distance(a) - distance(b));
  const other = nearest && others.get(nearest.shape);
  if (nearest === undefined || other === undefined) return false;
  const margin = tie + nearest.seconds.spread + other.seconds.spread;
  return (1 + margin) * other.seconds.value < nearest.seconds.value;
}

function dispatchOf(kernel: Kernel, dims: Dims) {
  const workgroups = kernel.workgroups(dims);
  return { kernel, dims, bindings: {}, workgroups, label: '', phase: 'forward' } as const;
}
