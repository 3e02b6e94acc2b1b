// Reports the best size at each budget and how it grows: IsoFLOP by three methods, or the envelope of curves.
import { formatDigits } from '../text/numbers.ts';
import { fitEnvelope } from './envelope.ts';
import { fitIsoflop, type IsoflopFit, type IsoflopMethod, isoflopMethods, type PowerLaw } from './isoflop.ts';
import type { Beside, FitMethod, FitRequest, LawReport } from './report.ts';
import { intervalsOf } from './report.ts';
import { leaveOutHighest, type RunPoint, UnfitRunsError } from './run-point.ts';

/** A parabola further off its centre than a factor of two in N is biased. */
const offCentreLimit = Math.log10(2);

/** Fits and judges. @throws UnfitRunsError */
export function reportIsoflop(points: readonly RunPoint[], request: FitRequest): LawReport {
  const method = methodOf(request.method ?? 'least-squares');
  const { kept, leftOut } = leaveOutHighest(points, request.leaveOutHighest ?? 0);
  const fit = fitIsoflop(kept, method);
  const others = isoflopMethods.filter((other) => other !== method);
  return {
    law: 'isoflop',
    method: nameOf(method),
    points: kept.length,
    leftOut: leftOut.map((point) => ({ ...point, reason: 'among the highest losses' })),
    ...powers(fit),
    objective: missOf(fit),
    ...intervalsOf(request, kept, (drawn) => namedExponents(fitIsoflop(drawn, method))),
    beside: others.flatMap((other) => besideOf(kept, other)),
    optima: fit.optima.map(({ budget, parameters, tokens, loss }) => ({ budget, parameters, tokens, loss })),
    warnings: warningsOf(fit, method),
  };
}

/** Fits the envelope. @throws UnfitRunsError */
export function reportEnvelope(points: readonly RunPoint[], request: FitRequest): LawReport {
  if (request.method !== undefined && request.method !== 'least-squares')
    throw new UnfitRunsError(`envelope: there is no fit by ${request.method}. Leave the method out.`);
  const { kept, leftOut } = leaveOutHighest(points, request.leaveOutHighest ?? 0);
  const fit = fitEnvelope(kept);
  const winners = new Set(fit.optima.map(({ parameters }) => parameters)).size;
  return {
    law: 'envelope',
    method: 'least-squares',
    points: kept.length,
    leftOut: leftOut.map((point) => ({ ...point, reason: 'among the highest losses' })),
    ...powers(fit),
    objective: missOf(fit),
    ...intervalsOf(request, kept, (drawn) => namedExponents(fitEnvelope(drawn))),
    optima: fit.optima,
    warnings: winners < 3 ? [`Only ${winners} sizes win anywhere: the exponent rests on a few steps.`] : [],
  };
}

function methodOf(method: FitMethod): IsoflopMethod {
  if (method === 'least-squares') return 'parabola';
  if (method === 'lowest' || method === 'akima') return method;
  throw new UnfitRunsError(
    `isoflop: there is no fit by ${method}. Use least-squares (parabolas), lowest or akima.`,
  );
}

function nameOf(method: IsoflopMethod): FitMethod {
  return method === 'parabola' ? 'least-squares' : method;
}

interface Growth {
  readonly parameters: PowerLaw;
  readonly tokens: PowerLaw;
  readonly optima: readonly { readonly budget: number; readonly parameters: number }[];
}

/** N* = 10^logFactorParameters · C^exponents.parameters, and D* likewise. */
function powers({ parameters, tokens }: Growth): Required<Pick<LawReport, 'parameters' | 'exponents'>> {
  return {
    parameters: { logFactorParameters: parameters.logFactor, logFactorTokens: tokens.logFactor },
    exponents: { parameters: parameters.exponent, tokens: tokens.exponent },
  };
}

function namedExponents({ parameters, tokens }: Growth): Record<string, number> {
  return { 'exponents.parameters': parameters.exponent, 'exponents.tokens': tokens.exponent };
}

/** Sum of squared residuals of log₁₀ N* about the line. */
function missOf({ parameters, optima }: Growth): number {
  return optima.reduce((sum, { budget, parameters: best }) => {
    const line = parameters.logFactor + parameters.exponent * Math.log10(budget);
    return sum + (Math.log10(best) - line) ** 2;
  }, 0);
}

function besideOf(points: readonly RunPoint[], method: IsoflopMethod): Beside[] {
  try {
    const fit = fitIsoflop(points, method);
    return [{ method: nameOf(method), ...powers(fit), objective: missOf(fit) }];
  } catch (error) {
    if (error instanceof UnfitRunsError) return [];
    throw error;
  }
}

function warningsOf({ optima, leftOut }: IsoflopFit, method: IsoflopMethod): string[] {
  const warnings = leftOut.map(({ budget, reason }) => `Budget ${formatDigits(budget)} left out: ${reason}.`);
  const off = optima.filter(({ offCentre }) => offCentre > offCentreLimit);
  if (off.length > 0 && method === 'parabola')
    warnings.push(
      `${off.length} of ${optima.length} best sizes are more than a factor 2 off the middle of the sizes run: such parabolas are biased. Centre the sizes on the best one.`,
    );
  if (method === 'lowest')
    warnings.push('The lowest run of a budget is a grid point: its exponent is as coarse as the grid.');
  return warnings;
}
