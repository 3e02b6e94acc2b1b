// Variants that seemed quicker than the kernels they stand for, timed again beside them: of many that are as quick, some
// always seem quicker by chance, and taking the best of them picks that chance.
import type { Measurement } from '../../plan/device-profile.ts';
import { familyOf } from '../../plan/kernel.ts';
import { timeInTurns } from './in-turns.ts';
import type { ShapeProbe } from './probing.ts';
import { trusted } from './slope.ts';

const rounds = 9;
/** A pass of either, so that what it costs by itself hardly counts. Seconds. */
const passSeconds = 2 * trusted.seconds;

/** A shape of a kernel, and what it took in the rounds of all. */
export interface TimedShape extends Pick<ShapeProbe, 'kernel' | 'dims' | 'time'> {
  readonly seconds: Measurement;
}

/**
 * Seconds of every variant, in the order given. One that took less than all built-in kernels of its family at its shape is
 * timed in turns with the quickest of those, and its seconds become that one's over what it gains; their spread is that of
 * the gain. Begins no comparison after the budget; a variant that was left out so is given the time of the one that it
 * seemed to beat: what was not confirmed is no gain.
 */
export async function confirmRivals(
  builtIn: readonly TimedShape[],
  variants: readonly TimedShape[],
  budgetSeconds: number,
): Promise<Measurement[]> {
  const start = performance.now();
  const known = new Map<string, TimedShape>(); // the quickest of a family at a shape
  for (const shape of builtIn) {
    const quickest = known.get(placeOf(shape));
    if (!quickest || shape.seconds.value < quickest.seconds.value) known.set(placeOf(shape), shape);
  }
  const confirmed: Measurement[] = [];
  for (const variant of variants) {
    const against = known.get(placeOf(variant));
    if (!against || variant.seconds.value >= against.seconds.value) {
      confirmed.push(variant.seconds);
      continue;
    }
    const spentSeconds = (performance.now() - start) / 1000;
    confirmed.push(spentSeconds > budgetSeconds ? against.seconds : await timedBeside(against, variant));
  }
  return confirmed;
}

/** A variant's seconds by its gain over the kernel beside it, which keeps its own. */
async function timedBeside(against: TimedShape, variant: TimedShape): Promise<Measurement> {
  const once = Math.max(variant.seconds.value, 1e-9);
  const repetitions = Math.min(trusted.repeats, Math.max(1, Math.ceil(passSeconds / once)));
  const { gain } = await timeInTurns(
    () => against.time(repetitions),
    () => variant.time(repetitions),
    rounds,
  );
  // A clock that stood still tells of no gain.
  return gain.value > 0 ? { ...gain, value: against.seconds.value / gain.value } : against.seconds;
}

/** A family, and the values of the dims: variants of one family have the same dims. */
function placeOf({ kernel, dims }: TimedShape): string {
  return `${familyOf(kernel.name)} ${JSON.stringify(Object.entries(dims).sort())}`;
}
