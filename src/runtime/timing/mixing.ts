// What kernels take longer among others than behind themselves, as they are timed: a switch for each, and for large ones a
// part of their work, because their data is no longer at hand.
import type { Measurement } from '../../plan/device-profile.ts';
import type { Probing, ShapeProbe } from './probing.ts';
import { type PaceProbe, summarize } from './slope.ts';

/** A shape with the seconds that it takes behind itself. */
export type TimedShape = Pick<ShapeProbe, 'plan'> & { readonly seconds: number };

/** Longest passes of the mixtures of short and of important shapes, in seconds of their parts. */
const longest = { short: 0.005, important: 0.06 } as const;
const passes = 5;

/** Times mixtures of shapes, which come with those first that matter most. */
export async function measureMixing(
  probing: Pick<Probing, 'seconds'>,
  shapes: readonly TimedShape[],
  pace: PaceProbe & { readonly bestSeconds: number },
): Promise<{ readonly switchSeconds: Measurement; readonly mixing: Measurement }> {
  const evened = async (mixture: readonly TimedShape[]): Promise<Measurement> => {
    const fixed = mixture.length * pace.launchSeconds;
    const times: number[] = [];
    for (let i = 0; i < passes; i++) {
      const before = await pace.seconds();
      const seconds = await probing.seconds(mixture, 1);
      const slowing = (before + (await pace.seconds())) / 2 / pace.bestSeconds;
      times.push(fixed + (seconds - fixed) / slowing);
    }
    return summarize(times);
  };
  const shortest = upTo(
    [...shapes].sort((a, b) => a.seconds - b.seconds),
    longest.short,
  );
  const important = upTo(shapes, longest.important);
  const short = await evened(shortest);
  const long = await evened(important);
  const switchSeconds = Math.max(0, short.value - sumOf(shortest)) / Math.max(1, shortest.length);
  const rest = long.value - important.length * switchSeconds;
  return {
    switchSeconds: { ...short, value: switchSeconds },
    mixing: { ...long, value: important.length > 1 ? Math.max(1, rest / sumOf(important)) : 1 },
  };
}

/** The first shapes that together take no longer than this. */
function upTo(shapes: readonly TimedShape[], seconds: number): TimedShape[] {
  let sum = 0;
  return shapes.filter((shape) => {
    if (sum + shape.seconds > seconds) return false;
    sum += shape.seconds;
    return true;
  });
}

function sumOf(shapes: readonly TimedShape[]): number {
  return shapes.reduce((sum, { seconds }) => sum + seconds, 0);
}
