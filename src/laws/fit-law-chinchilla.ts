// Reports Chinchilla's parametric law of some runs: both methods side by side, residuals, intervals and what to beware of.
import { formatDigits, formatPercent } from '../text/numbers.ts';
import { fewestTrunks } from './bootstrap.ts';
import { type ChinchillaParameters, optimumExponents, predictLoss } from './chinchilla-law.ts';
import { fitHuber } from './huber-fit.ts';
import { judgeFit, type LackOfFit, obedience } from './lack-of-fit.ts';
import { type Beside, type FitRequest, intervalsOf, type LawReport, scoreTest } from './report.ts';
import { countDistinct, leaveOutHighest, type RunPoint, UnfitRunsError } from './run-point.ts';
import { fitVariableProjection } from './variable-projection.ts';

type Method = 'huber' | 'variable-projection';

interface Fitted {
  readonly parameters: ChinchillaParameters;
  readonly objective: number;
  readonly isAtBound?: boolean;
}

const fits: Readonly<Record<Method, (points: readonly RunPoint[], from?: ChinchillaParameters) => Fitted>> = {
  huber: fitHuber,
  'variable-projection': (points, from) => {
    const { parameters, residualSum, isAtBound } = fitVariableProjection(points, from);
    return { parameters, objective: residualSum, isAtBound };
  },
};

/** Fits and judges. @throws UnfitRunsError */
export function reportChinchilla(points: readonly RunPoint[], request: FitRequest): LawReport {
  const method = request.method ?? 'huber';
  if (method !== 'huber' && method !== 'variable-projection') {
    throw new UnfitRunsError(
      `chinchilla: there is no fit by ${method}. Use huber or variable-projection (which is least squares).`,
    );
  }
  const { kept, leftOut } = leaveOutHighest(points, request.leaveOutHighest ?? 0);
  const fitted = fits[method](kept);
  const other: Method = method === 'huber' ? 'variable-projection' : 'huber';
  const second = fits[other](kept);
  const predict = (point: RunPoint) => predictLoss(fitted.parameters, point.parameters, point.tokens);
  const judgement = judgeFit(kept, predict, 5);
  return {
    law: 'chinchilla',
    method,
    points: kept.length,
    leftOut: leftOut.map((point) => ({ ...point, reason: 'among the highest losses' })),
    parameters: { ...fitted.parameters },
    objective: fitted.objective,
    exponents: optimumExponents(fitted.parameters),
    ...intervalsOf(request, kept, (drawn) => {
      requireThree(drawn);
      const { parameters } = fits[method](drawn, fitted.parameters);
      const { parameters: a, tokens: b } = optimumExponents(parameters);
      return { ...parameters, 'exponents.parameters': a, 'exponents.tokens': b };
    }),
    ...(request.test ? { test: scoreTest(request.test, predict) } : {}),
    judgement,
    beside: [besideOf(other, second)],
    residuals: kept.map((point) => ({ loss: point.loss, predicted: predict(point) })),
    warnings: warningsOf(kept, fitted, second, judgement, request.test),
  };
}

/** Two sizes leave α open, two lengths β: such a draw would only give its start back. */
function requireThree(drawn: readonly RunPoint[]): void {
  const sizes = countDistinct(drawn.map(({ parameters }) => parameters));
  const lengths = countDistinct(drawn.map(({ tokens }) => tokens));
  if (sizes < 3 || lengths < 3) throw new UnfitRunsError('a draw of fewer than three sizes or lengths');
}

function besideOf(method: Method, { parameters, objective }: Fitted): Beside {
  return { method, parameters: { ...parameters }, objective, exponents: optimumExponents(parameters) };
}

function warningsOf(
  points: readonly RunPoint[],
  fitted: Fitted,
  second: Fitted,
  judgement: LackOfFit,
  test: readonly RunPoint[] | undefined,
): string[] {
  const { E, alpha, beta } = fitted.parameters;
  const warnings = [
    'A and B mean nothing alone: they move with α and β. Judge by the objective, E, α, β and a = β/(α+β).',
  ];
  if (!judgement.obeys) warnings.push(describeDisobedience(judgement));
  const trunks = new Set(points.map(({ trunk }) => trunk)).size;
  if (trunks < fewestTrunks && points.some(({ trunk }) => trunk !== undefined))
    warnings.push(
      `The runs are branches of only ${trunks} trunks and share their noise: intervals from single runs are too narrow.`,
    );
  if (fitted.isAtBound)
    warnings.push('An exponent ran to the bound of the search: these runs do not fix it.');
  if (E < 0.01)
    warnings.push(
      `E is ${formatDigits(E)}: the runs are too small, or too few, to show what no size goes below.`,
    );
  if (points.length < 15)
    warnings.push(`${points.length} runs for five parameters: intervals are wide, and may be too narrow.`);
  const apart = Math.max(Math.abs(alpha - second.parameters.alpha), Math.abs(beta - second.parameters.beta));
  if (apart > 0.05)
    warnings.push(
      `Huber and variable projection differ by ${formatDigits(apart)} in an exponent: a few runs decide.`,
    );
  const together = correlationOfLogs(points);
  if (together > 0.95)
    warnings.push(
      `N and D grow together (correlation ${formatDigits(together)}): α and β cannot be told apart well. Vary D at fixed N.`,
    );
  const largest = Math.max(...points.map(({ parameters, tokens }) => parameters * tokens));
  const beyond = Math.max(0, ...(test ?? []).map(({ parameters, tokens }) => parameters * tokens)) / largest;
  if (beyond > 10)
    warnings.push(
      `The test reaches ${formatDigits(beyond)} times the compute of the largest run: far extrapolation.`,
    );
  return warnings;
}

function describeDisobedience({ rmsLogResidual, largestLogResidual, f }: LackOfFit): string {
  const misses = `the law misses by ${formatPercent(rmsLogResidual)} rms, ${formatPercent(largestLogResidual)} at worst`;
  const ratio = f === undefined ? '' : `; it misses ${formatDigits(f)} times what repeats vary (F)`;
  return `These runs do not follow the law: ${misses}${ratio}. Up to ${formatPercent(obedience.rmsLogResidual)} and F ${obedience.f} would be well. Do not extrapolate.`;
}

function correlationOfLogs(points: readonly RunPoint[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const n = points.map(({ parameters }) => Math.log(parameters));
  const d = points.map(({ tokens }) => Math.log(tokens));
  const [meanN, meanD] = [mean(n), mean(d)];
  const covariance = n.reduce((sum, value, i) => sum + (value - meanN) * (d[i] - meanD), 0);
  const spread = (values: number[], middle: number) =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0));
  return covariance / (spread(n, meanN) * spread(d, meanD));
}
