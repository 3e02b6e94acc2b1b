// Chinchilla's first approach: the lower envelope of all training curves, and which size touches it at each budget.
import { type BudgetOptimum, type PowerLaw, powerLaw } from './isoflop.ts';
import { countDistinct, flopsOf, type RunPoint, UnfitRunsError } from './run-point.ts';

/** The envelope and how its best sizes grow. */
export interface EnvelopeFit {
  readonly optima: readonly Omit<BudgetOptimum, 'offCentre'>[];
  readonly parameters: PowerLaw;
  readonly tokens: PowerLaw;
}

/**
 * At `budgets` compute levels, evenly spaced in log C between the second smallest and the second largest run, the lowest of
 * all curves (loss linear in log C between the runs of one size). Levels where the smallest or largest size wins are left
 * out: the best may lie beyond. @throws UnfitRunsError for fewer than three sizes, or no level that an inner size wins
 */
export function fitEnvelope(points: readonly RunPoint[], budgets = 150): EnvelopeFit {
  const all = [...new Set(points.map(({ parameters }) => parameters))].sort((a, b) => a - b);
  const sizes = all.filter(
    (size) => countDistinct(points.filter(({ parameters }) => parameters === size).map(flopsOf)) > 1,
  );
  if (sizes.length < 3) {
    throw new UnfitRunsError(
      `envelope: ${sizes.length} of ${all.length} sizes have two runs of different length or more, which makes a curve. Three curves are needed.`,
    );
  }
  const curves = sizes.map((parameters) => ({
    parameters,
    runs: points
      .filter((point) => point.parameters === parameters)
      .map((point) => ({ log: Math.log(flopsOf(point)), loss: point.loss }))
      .sort((a, b) => a.log - b.log),
  }));
  const logs = points.map((point) => Math.log(flopsOf(point)));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const optima: Omit<BudgetOptimum, 'offCentre'>[] = [];
  for (let step = 1; step < budgets; step++) {
    const log = low + ((high - low) * step) / budgets;
    let best: { parameters: number; loss: number } | undefined;
    for (const { parameters, runs } of curves) {
      const loss = interpolate(runs, log);
      if (loss !== undefined && (!best || loss < best.loss)) best = { parameters, loss };
    }
    if (!best || best.parameters === sizes[0] || best.parameters === sizes[sizes.length - 1]) continue;
    const budget = Math.exp(log);
    optima.push({ budget, ...best, tokens: budget / (6 * best.parameters) });
  }
  const parameters = powerLaw(optima, (optimum) => optimum.parameters);
  const tokens = powerLaw(optima, (optimum) => optimum.tokens);
  if (!parameters || !tokens) {
    throw new UnfitRunsError(
      `envelope: at no budget is a size between ${sizes[0]} and ${sizes[sizes.length - 1]} the best. Train the sizes longer, or add sizes.`,
    );
  }
  return { optima, parameters, tokens };
}

/** Loss of one size at a compute level; undefined beyond its first and last run. */
function interpolate(
  runs: readonly { readonly log: number; readonly loss: number }[],
  log: number,
): number | undefined {
  for (let i = 1; i < runs.length; i++) {
    const [left, right] = [runs[i - 1], runs[i]];
    if (log < left.log || log > right.log || right.log === left.log) continue;
    return left.loss + ((right.loss - left.loss) * (log - left.log)) / (right.log - left.log);
  }
  return undefined;
}
