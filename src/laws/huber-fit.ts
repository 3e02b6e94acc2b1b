// Chinchilla's third approach: the parametric law by Huber's loss on log L, from a grid of 4,500 starts, by quasi-Newton steps.
//
// The objective is the SUM over runs of Huber_δ(log L_predicted − log L), log L_predicted = LSE(a − α ln N, b − β ln D, e).
// A mean with an optimiser's usual tolerance stops early (Besiroglu et al. 2024, arXiv 2404.10102).
import { type CentredRuns, type ChinchillaParameters, centreRuns } from './chinchilla-law.ts';
import { minimise, type Objective } from './quasi-newton.ts';
import { type RunPoint, requireSpread } from './run-point.ts';

/** δ of Huber's loss: relative errors beyond 0.1 % count linearly (Hoffmann et al. 2022, appendix D.3). */
export const huberDelta = 1e-3;

/** A fit and what it cost. */
export interface HuberFit {
  readonly parameters: ChinchillaParameters;
  /** The sum that was minimised. */
  readonly objective: number;
  readonly starts: number;
  /** Of the starts that were followed to their end, the part that reached this objective to 10⁻⁴. */
  readonly agreement: number;
}

/** Values that α and β, e, and a and b start from: 5·5·5·6·6 = 4,500 starts. */
const startGrid = {
  exponents: [0, 0.5, 1, 1.5, 2],
  floors: [-1, -0.5, 0, 0.5, 1],
  factors: [0, 5, 10, 15, 20, 25],
} as const;

/** Successive halving: all starts take some steps, the best of them more. */
const rounds = [
  { iterations: 2, keep: 1500 },
  { iterations: 6, keep: 300 },
  { iterations: 20, keep: 30 },
  { iterations: 300, keep: 30 },
] as const;

/** Fits the law. @param from only this start, as for a resample near a known fit @throws UnfitRunsError */
export function fitHuber(points: readonly RunPoint[], from?: ChinchillaParameters): HuberFit {
  requireSpread('Huber fit', points, 5);
  const runs = centreRuns(points);
  const objective = huberObjective(runs);
  const starts = from ? [centredOf(from, runs)] : allStarts(runs);
  let places = starts.map((x) => ({ x, value: 0 }));
  for (const { iterations, keep } of from ? rounds.slice(-1) : rounds) {
    places = places.map(({ x }) => minimise(objective, x, iterations));
    places = places.filter(({ value }) => Number.isFinite(value)).sort((p, q) => p.value - q.value);
    places.splice(keep);
  }
  // What was learnt of the curvature is dropped now and then, so that the end is no artefact of it.
  let best = places[0];
  for (let round = 0; round < 5; round++) {
    const next = minimise(objective, best.x, 300);
    if (!(next.value < best.value * (1 - 1e-13))) break;
    best = next;
  }
  return {
    parameters: parametersOf(best.x, runs),
    objective: best.value,
    starts: starts.length,
    agreement: places.filter(({ value }) => value <= best.value * (1 + 1e-4)).length / places.length,
  };
}

/** The objective at given parameters. */
export function huberSum(points: readonly RunPoint[], parameters: ChinchillaParameters): number {
  const runs = centreRuns(points);
  return huberObjective(runs)(centredOf(parameters, runs), new Float64Array(5));
}

/** The objective over x = [a, b, e, α, β], a and b at the means of ln N and ln D. */
function huberObjective({ logParameters, logTokens, logLoss }: CentredRuns): Objective {
  const count = logLoss.length;
  return (x, gradient) => {
    const [a, b, e, alpha, beta] = x;
    const floor = Math.exp(e);
    let [sum, da, db, de, dAlpha, dBeta] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const n = logParameters[i];
      const d = logTokens[i];
      const size = Math.exp(a - alpha * n);
      const data = Math.exp(b - beta * d);
      const predicted = size + data + floor;
      const error = Math.log(predicted) - logLoss[i];
      const distance = Math.abs(error);
      let slope = error;
      if (distance <= huberDelta) {
        sum += 0.5 * error * error;
      } else {
        sum += huberDelta * (distance - 0.5 * huberDelta);
        slope = error > 0 ? huberDelta : -huberDelta;
      }
      const share = slope / predicted;
      da += share * size;
      db += share * data;
      de += share * floor;
      dAlpha -= share * size * n;
      dBeta -= share * data * d;
    }
    gradient[0] = da;
    gradient[1] = db;
    gradient[2] = de;
    gradient[3] = dAlpha;
    gradient[4] = dBeta;
    return sum;
  };
}

function allStarts({ meanLogParameters, meanLogTokens }: CentredRuns): Float64Array[] {
  const starts: Float64Array[] = [];
  for (const alpha of startGrid.exponents) {
    for (const beta of startGrid.exponents) {
      for (const e of startGrid.floors) {
        for (const a of startGrid.factors) {
          for (const b of startGrid.factors) {
            starts.push(
              Float64Array.of(a - alpha * meanLogParameters, b - beta * meanLogTokens, e, alpha, beta),
            );
          }
        }
      }
    }
  }
  return starts;
}

function centredOf({ E, A, B, alpha, beta }: ChinchillaParameters, runs: CentredRuns): Float64Array {
  // A floor of zero has no logarithm; one of 10⁻¹² is none.
  return Float64Array.of(
    Math.log(Math.max(A, 1e-300)) - alpha * runs.meanLogParameters,
    Math.log(Math.max(B, 1e-300)) - beta * runs.meanLogTokens,
    Math.log(Math.max(E, 1e-12)),
    alpha,
    beta,
  );
}

function parametersOf([a, b, e, alpha, beta]: Float64Array, runs: CentredRuns): ChinchillaParameters {
  return {
    E: Math.exp(e),
    A: Math.exp(a + alpha * runs.meanLogParameters),
    B: Math.exp(b + beta * runs.meanLogTokens),
    alpha,
    beta,
  };
}
