// Intervals by the bootstrap: the fit again and again on runs drawn with replacement (Efron 1979), percentiles of what comes out.
import { percentile } from './ranks.ts';
import { type RunPoint, UnfitRunsError } from './run-point.ts';
import { mulberry32 } from './seeded-random.ts';

/** The middle 95 % of the resamples. */
export type Interval = readonly [low: number, high: number];

/** What a bootstrap says. */
export interface Bootstrap {
  readonly resamples: number;
  /** Resamples that could be fitted; one may draw runs of a single size only. */
  readonly used: number;
  readonly intervals: Readonly<Record<string, Interval>>;
}

/** With fewer trunks than this most draws repeat a few of them and say nothing of the rest: then single runs are drawn. */
export const fewestTrunks = 8;

/**
 * Draws runs with replacement and fits each draw. Runs that share a `trunk` share noise and are drawn together, where
 * there are trunks enough.
 * @param refit named numbers of a draw; may throw UnfitRunsError
 * @param stratumOf runs are drawn in the place of runs of the same stratum only: for fits that are made a stratum at a time
 */
export function bootstrap(
  points: readonly RunPoint[],
  refit: (drawn: readonly RunPoint[]) => Readonly<Record<string, number>>,
  resamples: number,
  seed: number,
  stratumOf: (point: RunPoint) => string = () => '',
): Bootstrap {
  const uniform = mulberry32(seed);
  const strata = groupBy(points, stratumOf).map(groupByTrunk);
  const found = new Map<string, number[]>();
  let used = 0;
  for (let resample = 0; resample < resamples; resample++) {
    const drawn = strata.flatMap((groups) =>
      groups.flatMap(() => groups[Math.floor(uniform() * groups.length)]),
    );
    try {
      const numbers = Object.entries(refit(drawn));
      if (numbers.some(([, value]) => !Number.isFinite(value))) continue;
      for (const [name, value] of numbers) found.set(name, [...(found.get(name) ?? []), value]);
      used++;
    } catch (error) {
      if (!(error instanceof UnfitRunsError)) throw error;
    }
  }
  const intervals: Record<string, Interval> = {};
  for (const [name, values] of found)
    intervals[name] = [percentile(values, 0.025), percentile(values, 0.975)];
  return { resamples, used, intervals };
}

function groupByTrunk(points: readonly RunPoint[]): RunPoint[][] {
  const groups = groupBy(points, (point) => point.trunk ?? point);
  return groups.length < fewestTrunks ? points.map((point) => [point]) : groups;
}

function groupBy(points: readonly RunPoint[], keyOf: (point: RunPoint) => string | RunPoint): RunPoint[][] {
  const groups = new Map<string | RunPoint, RunPoint[]>();
  for (const point of points) groups.set(keyOf(point), [...(groups.get(keyOf(point)) ?? []), point]);
  return [...groups.values()];
}
