// Loss against the number of experts: ln L = d + a·ln N + b·ln E + c·ln N·ln E (Clark et al. 2022, arXiv 2202.01169), and a U where total parameters are fixed.

import { fitUShape, type UShapeFit } from './curves/u-shape.ts';
import { solveLeastSquares } from './linear-least-squares.ts';
import { countDistinct, type RunPoint, UnfitRunsError } from './run-point.ts';

/** A run of a mixture. */
export type ExpertRun = RunPoint & { readonly experts: number };

/** A fit of both forms. */
export interface ExpertsFit {
  /** Exponents of L: of N, of the experts, and how the second moves with ln N; those that the runs cannot tell are 0. */
  readonly parameters: {
    readonly constant: number;
    readonly size: number;
    readonly experts: number;
    readonly interaction: number;
  };
  /** Sum of squared residuals of ln L. */
  readonly residualSum: number;
  /** c₀ + c₁·ln E + c₂/E on the losses less the mean of their size; undefined for fewer than three counts of experts. */
  readonly uShape: UShapeFit | undefined;
}

/** Fits the laws. N is what the table's `parameters` count: active ones, or all of them. @throws UnfitRunsError */
export function fitExperts(runs: readonly ExpertRun[]): ExpertsFit {
  const counts = countDistinct(runs.map(({ experts }) => experts));
  const sizes = countDistinct(runs.map(({ parameters }) => parameters));
  if (counts < 2) {
    throw new UnfitRunsError(
      `experts law: all ${runs.length} runs have the same number of experts. Run at least two counts, better four.`,
    );
  }
  const logSize = Float64Array.from(runs, ({ parameters }) => Math.log(parameters));
  const logExperts = Float64Array.from(runs, ({ experts }) => Math.log(experts));
  const ones = new Float64Array(runs.length).fill(1);
  const product = logSize.map((value, index) => value * logExperts[index]);
  const columns = sizes > 1 ? [ones, logSize, logExperts, product] : [ones, logExperts];
  if (runs.length < columns.length) {
    throw new UnfitRunsError(
      `experts law: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} cannot fix ${columns.length} parameters. Give more.`,
    );
  }
  const target = Float64Array.from(runs, ({ loss }) => Math.log(loss));
  const fit = solveLeastSquares(columns, target);
  if (!fit) {
    throw new UnfitRunsError(
      'experts law: size and number of experts vary only together. Run two sizes with the same experts.',
    );
  }
  const [constant, size, experts, interaction] =
    sizes > 1 ? fit.coefficients : [fit.coefficients[0], 0, fit.coefficients[1], 0];
  return {
    parameters: { constant, size, experts, interaction },
    residualSum: fit.residualSum,
    uShape: counts < 3 ? undefined : uShapeWithinSizes(runs),
  };
}

/** Loss by a fitted law. */
export function predictExperts(
  { parameters: law }: Pick<ExpertsFit, 'parameters'>,
  parameters: number,
  experts: number,
): number {
  const [n, e] = [Math.log(parameters), Math.log(experts)];
  return Math.exp(law.constant + law.size * n + law.experts * e + law.interaction * n * e);
}

function uShapeWithinSizes(runs: readonly ExpertRun[]): UShapeFit {
  const mean = (list: readonly ExpertRun[]) => list.reduce((sum, { loss }) => sum + loss, 0) / list.length;
  const overall = mean(runs);
  const bySize = new Map<number, ExpertRun[]>();
  for (const run of runs) bySize.set(run.parameters, [...(bySize.get(run.parameters) ?? []), run]);
  const means = new Map([...bySize].map(([size, list]) => [size, mean(list)]));
  return fitUShape(
    runs.map(({ experts }) => experts),
    runs.map(({ loss, parameters }) => loss - (means.get(parameters) ?? 0) + overall),
    'experts',
  );
}
