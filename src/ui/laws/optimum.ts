// What a fitted law recommends for a budget: the best size and data, their loss, and how far beyond the runs that lies.
import type { ChinchillaParameters } from '../../laws/chinchilla-law.ts';
import type { LawReport } from '../../laws/report.ts';
import { flopsOf, type RunPoint } from '../../laws/run-point.ts';
import { formatDigits, formatLoss, formatPower, formatSi } from '../../text/numbers.ts';
import { significant } from '../../text/rounding.ts';
import type { FigureTable } from '../../text/table.ts';
import { chinchillaLoss, closedFormOptimum, type LossFit } from '../../theory/chinchilla.ts';

/** The best of a budget. */
export interface Recommendation {
  readonly flops: number;
  /** N */
  readonly parameters: number;
  /** D */
  readonly tokens: number;
  /** Nats per token; undefined of a law that says no losses. */
  readonly loss: number | undefined;
  /** The budget over the largest C that was run. */
  readonly reach: number;
}

/** The five numbers, of a report of Chinchilla's law; undefined of other laws. */
export function chinchillaOf({ law, parameters }: LawReport): ChinchillaParameters | undefined {
  if (law !== 'chinchilla') return undefined;
  const { E, A, B, alpha, beta } = parameters;
  return { E, A, B, alpha, beta };
}

/** The minimum of a law on C = 6·N·D. */
export function optimumAt(law: ChinchillaParameters, flops: number): { parameters: number; tokens: number } {
  return closedFormOptimum(flops, lossFit(law));
}

function lossFit({ E, A, B, alpha, beta }: ChinchillaParameters): LossFit {
  return {
    irreducible: E,
    parameterFactor: A,
    tokenFactor: B,
    parameterExponent: alpha,
    tokenExponent: beta,
  };
}

/** Whether a report says how the best size grows with compute: with it, an optimum can be chosen. */
export function canRecommend({ exponents, parameters }: LawReport): boolean {
  if (exponents === undefined) return false;
  const { A, B, alpha, beta, logFactorParameters } = parameters;
  return logFactorParameters !== undefined || [A, B, alpha, beta].every((value) => value > 0);
}

/** The best N and D for so many flops; undefined where the report says nothing of it. */
export function recommend(
  report: LawReport,
  points: readonly RunPoint[],
  flops: number,
): Recommendation | undefined {
  if (!canRecommend(report) || !(flops > 0)) return undefined;
  const reach = flops / Math.max(...points.map(flopsOf));
  const law = chinchillaOf(report);
  if (law) {
    const { parameters, tokens } = optimumAt(law, flops);
    return { flops, parameters, tokens, reach, loss: chinchillaLoss(parameters, tokens, lossFit(law)) };
  }
  const { exponents, parameters } = report;
  if (exponents === undefined) return undefined;
  const size = 10 ** (parameters.logFactorParameters + exponents.parameters * Math.log10(flops));
  // D from C = 6·N·D, so that both belong to this budget.
  return { flops, parameters: size, tokens: flops / (6 * size), reach, loss: undefined };
}

/** A budget to begin with: four times the largest run, which a law should still reach. */
export function usualBudget(points: readonly RunPoint[]): number {
  return significant(4 * Math.max(...points.map(flopsOf)), 2);
}

/** The best of a budget and of others around it. */
export function recommendationTable(
  report: LawReport,
  points: readonly RunPoint[],
  flops: number,
): FigureTable {
  const rows = [0.01, 0.1, 1, 10, 100].flatMap((factor) => {
    const found = recommend(report, points, flops * factor);
    return found ? [found] : [];
  });
  return {
    columns: [
      { label: 'budget C, flops', format: formatPower },
      { label: 'best N, parameters', format: (value) => formatSi(value) },
      { label: 'best D, tokens', format: (value) => formatSi(value) },
      { label: 'tokens per parameter', format: formatDigits },
      { label: 'loss by the law', format: formatLoss },
      { label: 'C over the largest run', format: formatDigits },
    ],
    rows: rows.map(({ flops: budget, parameters, tokens, loss, reach }) => [
      budget,
      parameters,
      tokens,
      tokens / parameters,
      loss,
      reach,
    ]),
  };
}
