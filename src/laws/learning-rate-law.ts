// The best peak learning rate of each size: a parabola of the loss in log rate about its lowest run, and how the rate falls with N.

import { fitParabola, lowestPlace, lowestPlaceInterval, type Parabola } from './curves/parabola.ts';
import { fitLine } from './linear-least-squares.ts';
import { countDistinct, type RunPoint, UnfitRunsError } from './run-point.ts';

/**
 * Peak rate that tiny models bear with warm-up, plateau and decay to 0: 0.08·N^−¼, at most 0.008. By a sweep of 3.5 k to 443 k
 * parameters on two texts (nanoGPT's block, AdamW, 1,024 tokens a step). The best of 14 k and 38 k on `zipf` is about twice
 * that, which failed at 148 k on those texts, and gained 147 k 0.3 to 1.1 % on `zipf` (one trunk, to 2.1 M characters): the
 * ready studies stay where every size trains.
 */
export const usualRate = { factor: 0.08, exponent: -0.25, most: 0.008 } as const;

/** The rate that the ready studies take at a size. @param parameters N of the blocks, by which that law is stated */
export function usualRateAt(parameters: number): number {
  return Math.min(usualRate.most, usualRate.factor * parameters ** usualRate.exponent);
}

/** The same for a curve, however its N is counted: by N of the blocks where the runs tell it. */
export function usualRateOf({ near, parameters }: RateCurve): number {
  return usualRateAt(near[0]?.counts?.blocks ?? parameters);
}

/** A parabola holds near its floor only: rates so many times higher or lower than the lowest run's are not fitted. */
const reach = 4;

/** Runs of one N and D at several rates. */
export interface RateCurve {
  readonly parameters: number;
  readonly tokens: number;
  /** Runs within reach of the lowest. */
  readonly near: readonly RunPoint[];
  readonly far: readonly RunPoint[];
  /** Of the loss in ln rate; undefined where the best rate was refused. */
  readonly parabola?: Parabola;
  readonly best?: {
    readonly rate: number;
    readonly loss: number;
    /** 95 %; undefined where these runs do not bound it. */
    readonly interval: readonly [low: number, high: number] | undefined;
  };
  /** Why there is no best rate, and what to do. */
  readonly refusal?: string;
}

/** Best rate = factor · N^exponent. */
export interface RateLaw {
  readonly factor: number;
  readonly exponent: number;
}

/** What the runs of one curve have in common. */
export function curveKey({ parameters, tokens }: RunPoint): string {
  return `${parameters} ${tokens}`;
}

/** The curve of every N and D, the smallest first. @throws UnfitRunsError for runs without a rate */
export function rateCurves(points: readonly RunPoint[]): readonly RateCurve[] {
  const groups = new Map<string, RunPoint[]>();
  for (const point of points) {
    rateOf(point);
    const key = curveKey(point);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()]
    .map(rateCurve)
    .sort((a, b) => a.parameters - b.parameters || a.tokens - b.tokens);
}

/** How the best rate goes with N, by the sizes whose best is bounded where two are; undefined with fewer than two sizes. */
export function rateLaw(curves: readonly RateCurve[]): RateLaw | undefined {
  const all = curves.flatMap(({ parameters, best }) => (best ? [{ parameters, ...best }] : []));
  const bounded = all.filter(({ interval }) => interval !== undefined);
  const found = countDistinct(bounded.map(({ parameters }) => parameters)) < 2 ? all : bounded;
  if (countDistinct(found.map(({ parameters }) => parameters)) < 2) return undefined;
  const line = fitLine(
    found.map(({ parameters }) => Math.log(parameters)),
    found.map(({ rate }) => Math.log(rate)),
  );
  return line && { factor: Math.exp(line.intercept), exponent: line.slope };
}

/** Whether runs are a sweep of rates: some N and D has three or more. */
export function isRateSweep(points: readonly RunPoint[]): boolean {
  const rates = new Map<string, Set<number>>();
  for (const point of points) {
    if (point.learningRate === undefined) return false;
    const key = curveKey(point);
    rates.set(key, (rates.get(key) ?? new Set()).add(point.learningRate));
  }
  return [...rates.values()].some(({ size }) => size >= 3);
}

function rateOf({ learningRate, parameters }: RunPoint): number {
  if (learningRate !== undefined) return learningRate;
  throw new UnfitRunsError(
    `learning-rate: a run of ${parameters} parameters has no learningRate. Give the column.`,
  );
}

function rateCurve(runs: readonly RunPoint[]): RateCurve {
  const { parameters, tokens } = runs[0];
  const rates = [...new Set(runs.map(rateOf))].sort((a, b) => a - b);
  const meanAt = (rate: number) => {
    const losses = runs.filter((run) => run.learningRate === rate).map(({ loss }) => loss);
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
  const lowest = rates.reduce((best, rate) => (meanAt(rate) < meanAt(best) ? rate : best));
  const isNear = (run: RunPoint) => Math.abs(Math.log(rateOf(run) / lowest)) < Math.log(reach) + 1e-6;
  const near = runs.filter(isNear);
  const curve = { parameters, tokens, near, far: runs.filter((run) => !isNear(run)) };
  const refuse = (refusal: string): RateCurve => ({ ...curve, refusal });
  if (rates.length < 3) return refuse(`${rates.length} rates; three are needed, better five`);
  if (lowest === rates[0])
    return refuse(`the lowest loss is at the lowest rate run, ${lowest}. Run lower rates`);
  if (lowest === rates[rates.length - 1])
    return refuse(
      `the lowest loss is at the highest rate that was finished, ${lowest}. Run higher rates, or finer ones where those diverge`,
    );
  const logs = near.map((run) => Math.log(rateOf(run)));
  const parabola = fitParabola(
    logs,
    near.map(({ loss }) => loss),
  );
  if (!parabola || countDistinct(near.map(rateOf)) < 3)
    return refuse(`fewer than three rates within a factor ${reach} of the lowest, ${lowest}. Run finer ones`);
  const place = lowestPlace(parabola);
  if (!place || place.x < Math.min(...logs) || place.x > Math.max(...logs))
    return refuse('the parabola has no lowest place within the rates run. Run more rates, or repeat them');
  const interval = lowestPlaceInterval(parabola, logs);
  return {
    ...curve,
    parabola,
    best: {
      rate: Math.exp(place.x),
      loss: place.y,
      interval: interval && [Math.exp(interval[0]), Math.exp(interval[1])],
    },
  };
}
