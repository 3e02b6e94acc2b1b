// Chinchilla's second approach: the best size at each budget, from the lowest run, a parabola in log N, or Akima's curve.
import { akimaCurve } from './curves/akima.ts';
import { fitParabola, lowestPlace } from './curves/parabola.ts';
import { fitLine } from './linear-least-squares.ts';
import { countDistinct, flopsOf, type RunPoint, UnfitRunsError } from './run-point.ts';

/** How the best size of a budget is found. */
export const isoflopMethods = ['parabola', 'lowest', 'akima'] as const;

/** How the best size of a budget is found. */
export type IsoflopMethod = (typeof isoflopMethods)[number];

/** The best size at one budget. */
export interface BudgetOptimum {
  readonly budget: number;
  readonly parameters: number;
  readonly tokens: number;
  readonly loss: number;
  /** How far the sampled sizes' middle is from the best one, in decades; parabolas far off centre are biased. */
  readonly offCentre: number;
}

/** A budget that says nothing, and why. */
export interface LeftOutBudget {
  readonly budget: number;
  readonly reason: string;
}

/** N* = 10^factor · C^exponent, and D* likewise. */
export interface PowerLaw {
  readonly exponent: number;
  readonly logFactor: number;
}

/** The best sizes and how they grow. */
export interface IsoflopFit {
  readonly method: IsoflopMethod;
  readonly optima: readonly BudgetOptimum[];
  readonly leftOut: readonly LeftOutBudget[];
  readonly parameters: PowerLaw;
  readonly tokens: PowerLaw;
}

/** Fits by one method. @throws UnfitRunsError where fewer than two budgets have a best size inside what was sampled */
export function fitIsoflop(points: readonly RunPoint[], method: IsoflopMethod): IsoflopFit {
  const optima: BudgetOptimum[] = [];
  const leftOut: LeftOutBudget[] = [];
  for (const { budget, runs } of groupByBudget(points)) {
    const found = findOptimum[method](budget, runs);
    if ('reason' in found) leftOut.push(found);
    else optima.push(found);
  }
  const parameters = powerLaw(optima, ({ parameters: n }) => n);
  const tokens = powerLaw(optima, ({ tokens: d }) => d);
  if (!parameters || !tokens) {
    const reasons = leftOut.slice(0, 3).map(({ budget, reason }) => `${budget}: ${reason}`);
    throw new UnfitRunsError(
      `isoflop: ${optima.length} of ${optima.length + leftOut.length} budgets have a best size within what was run` +
        `${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}. Two are needed: run more sizes at two budgets or more.`,
    );
  }
  return { method, optima, leftOut, parameters, tokens };
}

/** The best N or D that a power law predicts for C flops. */
export function atBudget({ exponent, logFactor }: PowerLaw, flops: number): number {
  return 10 ** (logFactor + exponent * Math.log10(flops));
}

/** Runs by their stated budget, or by their flops where those differ by less than 2 %; budgets rise. */
export function groupByBudget(points: readonly RunPoint[]): { budget: number; runs: RunPoint[] }[] {
  const groups: { budget: number; runs: RunPoint[] }[] = [];
  const sorted = points
    .map((point) => ({ point, budget: point.budget ?? flopsOf(point) }))
    .sort((a, b) => a.budget - b.budget);
  for (const { point, budget } of sorted) {
    const last = groups[groups.length - 1];
    const isSame = last && budget <= last.budget * (point.budget === undefined ? 1.02 : 1 + 1e-9);
    if (isSame) last.runs.push(point);
    else groups.push({ budget, runs: [point] });
  }
  return groups;
}

type Finder = (budget: number, runs: readonly RunPoint[]) => BudgetOptimum | LeftOutBudget;

const findOptimum: Readonly<Record<IsoflopMethod, Finder>> = {
  lowest(budget, runs) {
    const best = runs.reduce((least, run) => (run.loss < least.loss ? run : least));
    return optimumAt(budget, runs, best.parameters, best.tokens, best.loss);
  },

  parabola(budget, runs) {
    const bySize = parabolaMinimum(runs, ({ parameters }) => parameters);
    if (typeof bySize === 'string') return { budget, reason: bySize };
    const byData = parabolaMinimum(runs, ({ tokens }) => tokens);
    if (typeof byData === 'string') return { budget, reason: byData };
    return optimumAt(budget, runs, bySize.at, byData.at, bySize.loss);
  },

  akima(budget, runs) {
    const sizes = meansBySize(runs);
    if (sizes.length < 4) return { budget, reason: `${sizes.length} sizes; four are needed` };
    const logs = sizes.map(({ parameters }) => Math.log(parameters));
    const curve = akimaCurve(
      logs,
      sizes.map(({ loss }) => Math.log(loss)), // as Porian et al. 2024 interpolate it
    );
    const steps = 20_000;
    const [low, high] = [logs[0], logs[logs.length - 1]];
    let best = 0;
    let least = Infinity;
    for (let step = 0; step <= steps; step++) {
      const loss = curve(low + ((high - low) * step) / steps);
      if (loss < least) [least, best] = [loss, step];
    }
    if (best === 0 || best === steps) return { budget, reason: 'the best size is the edge of those run' };
    const parameters = Math.exp(low + ((high - low) * best) / steps);
    return optimumAt(budget, runs, parameters, budget / (6 * parameters), Math.exp(least));
  },
};

/** Minimum of the parabola of least squares in log₁₀ of N or D; or why there is none. */
function parabolaMinimum(
  runs: readonly RunPoint[],
  read: (run: RunPoint) => number,
): { readonly at: number; readonly loss: number } | string {
  const values = runs.map(read);
  const sizes = countDistinct(values);
  if (sizes < 4) return `${sizes} sizes; four are needed`;
  const parabola = fitParabola(
    values.map(Math.log10),
    runs.map(({ loss }) => loss),
  );
  const lowest = parabola && lowestPlace(parabola);
  if (!lowest) return 'the parabola opens downwards';
  const at = 10 ** lowest.x;
  if (at < Math.min(...values) || at > Math.max(...values))
    return 'the best size lies beyond the edge of those run';
  return { at, loss: lowest.y };
}

function meansBySize(runs: readonly RunPoint[]): { parameters: number; loss: number }[] {
  const bySize = new Map<number, number[]>();
  for (const { parameters, loss } of runs) bySize.set(parameters, [...(bySize.get(parameters) ?? []), loss]);
  return [...bySize]
    .map(([parameters, losses]) => ({
      parameters,
      loss: losses.reduce((sum, value) => sum + value, 0) / losses.length,
    }))
    .sort((a, b) => a.parameters - b.parameters);
}

function optimumAt(
  budget: number,
  runs: readonly RunPoint[],
  parameters: number,
  tokens: number,
  loss: number,
): BudgetOptimum {
  const logs = runs.map((run) => Math.log10(run.parameters));
  const centre = (Math.min(...logs) + Math.max(...logs)) / 2;
  return { budget, parameters, tokens, loss, offCentre: Math.abs(Math.log10(parameters) - centre) };
}

/** The line of least squares of log₁₀ N* on log₁₀ C. */
export function powerLaw<T extends { readonly budget: number }>(
  optima: readonly T[],
  read: (optimum: T) => number,
): PowerLaw | undefined {
  if (optima.length < 2) return undefined;
  const line = fitLine(
    optima.map(({ budget }) => Math.log10(budget)),
    optima.map((optimum) => Math.log10(read(optimum))),
  );
  return line && { exponent: line.slope, logFactor: line.intercept };
}
