// Chinchilla's law by variable projection: a search over α and β, with E, A and B solved inside by least squares that are not negative.
import { type CentredRuns, type ChinchillaParameters, centreRuns } from './chinchilla-law.ts';
import { solveNonNegative } from './linear-least-squares.ts';
import { minimise, type Objective } from './quasi-newton.ts';
import { type RunPoint, requireSpread } from './run-point.ts';

/** A fit of the losses themselves, not of their logarithms. */
export interface ProjectionFit {
  readonly parameters: ChinchillaParameters;
  /** Sum of squared residuals, in nats². */
  readonly residualSum: number;
  /** Whether α or β ended where the search began to be bounded: then it means nothing. */
  readonly isAtBound: boolean;
}

/** α and β are first tried on a grid of 32² values in this range. */
const gridRange = { low: 0.05, high: 0.95, steps: 32 } as const;

/** Exponents outside are no power law that data can tell from another. */
const bounds = { low: 1e-3, high: 5 } as const;

/** Fits the law. @param from search near this fit only, as for a resample @throws UnfitRunsError */
export function fitVariableProjection(
  points: readonly RunPoint[],
  from?: ChinchillaParameters,
): ProjectionFit {
  requireSpread('variable projection', points, 5);
  const runs = centreRuns(points);
  const objective = projectedObjective(runs);
  let best = minimise(objective, from ? [from.alpha, from.beta] : bestOfGrid(runs), 200);
  for (let round = 0; round < 4; round++) {
    const next = minimise(objective, best.x, 200);
    if (!(next.value < best.value * (1 - 1e-13))) break;
    best = next;
  }
  const [alpha, beta] = best.x;
  const isAtBound = [alpha, beta].some((value) => value <= bounds.low * 1.01 || value >= bounds.high * 0.99);
  return { ...solveInner(points, alpha, beta), isAtBound };
}

/** E, A, B and the sum of squares at fixed exponents. */
export function solveInner(
  points: readonly RunPoint[],
  alpha: number,
  beta: number,
): { readonly parameters: ChinchillaParameters; readonly residualSum: number } {
  const runs = centreRuns(points);
  const { coefficients, residualSum } = solveAt(runs, alpha, beta);
  return {
    residualSum,
    parameters: {
      E: coefficients[0],
      A: coefficients[1] * Math.exp(alpha * runs.meanLogParameters),
      B: coefficients[2] * Math.exp(beta * runs.meanLogTokens),
      alpha,
      beta,
    },
  };
}

function solveAt(runs: CentredRuns, alpha: number, beta: number) {
  const columns = [
    new Float64Array(runs.loss.length).fill(1),
    runs.logParameters.map((log) => Math.exp(-alpha * log)),
    runs.logTokens.map((log) => Math.exp(-beta * log)),
  ];
  return { ...solveNonNegative(columns, runs.loss), columns };
}

function bestOfGrid(runs: CentredRuns): readonly [alpha: number, beta: number] {
  const { low, high, steps } = gridRange;
  const values = Array.from({ length: steps }, (_, index) => low + ((high - low) * index) / (steps - 1));
  let best: readonly [number, number] = [low, low];
  let least = Infinity;
  for (const alpha of values) {
    for (const beta of values) {
      const { residualSum } = solveAt(runs, alpha, beta);
      if (residualSum < least) [least, best] = [residualSum, [alpha, beta]];
    }
  }
  return best;
}

/** The sum of squares as a function of [α, β] alone. The inner solution is optimal, so only the columns' own slopes count. */
function projectedObjective(runs: CentredRuns): Objective {
  return ([alpha, beta], gradient) => {
    if (![alpha, beta].every((value) => value >= bounds.low && value <= bounds.high)) return Infinity;
    const { coefficients, residualSum, columns } = solveAt(runs, alpha, beta);
    const [e, a, b] = coefficients;
    const [, sizes, data] = columns;
    gradient.fill(0);
    for (let i = 0; i < runs.loss.length; i++) {
      const residual = runs.loss[i] - e - a * sizes[i] - b * data[i];
      gradient[0] += 2 * residual * a * sizes[i] * runs.logParameters[i];
      gradient[1] += 2 * residual * b * data[i] * runs.logTokens[i];
    }
    return residualSum;
  };
}
