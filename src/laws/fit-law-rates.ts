// Reports the best learning rate of each size, how it goes with N, and the rate that the ready studies take beside it.
import { formatDigits } from '../text/numbers.ts';
import { atParabola } from './curves/parabola.ts';
import { curveKey, type RateCurve, rateCurves, rateLaw, usualRate } from './learning-rate-law.ts';
import { type FitRequest, intervalsOf, type LawReport } from './report.ts';
import { leaveOutHighest, type RunPoint, UnfitRunsError } from './run-point.ts';

/** Fits and judges. @throws UnfitRunsError where no size has a best rate within those run */
export function reportRates(points: readonly RunPoint[], request: FitRequest): LawReport {
  if (request.method !== undefined && request.method !== 'least-squares')
    throw new UnfitRunsError(
      `learning-rate: there is no fit by ${request.method}. Leave the method out: it is least squares.`,
    );
  if (request.test !== undefined)
    throw new UnfitRunsError(
      'learning-rate: it says rates and no losses of other sizes. Leave the test out.',
    );
  const { kept, leftOut } = leaveOutHighest(points, request.leaveOutHighest ?? 0);
  const curves = rateCurves(kept);
  const refused = curves.filter(({ refusal }) => refusal !== undefined);
  if (refused.length === curves.length)
    throw new UnfitRunsError(`learning-rate: no best rate. ${describeRefusal(refused[0])}.`);
  const far = curves.flatMap((curve) => (curve.best ? curve.far : []));
  const near = curves.flatMap((curve) => (curve.best ? curve.near : []));
  return {
    law: 'learning-rate',
    method: 'least-squares',
    points: near.length,
    leftOut: [
      ...leftOut.map((point) => ({ ...point, reason: 'among the highest losses' })),
      ...far.map((point) => ({ ...point, reason: 'a rate too far from the best for a parabola' })),
      ...refused.flatMap((curve) =>
        [...curve.near, ...curve.far].map((point) => ({ ...point, reason: 'its size shows no best rate' })),
      ),
    ],
    parameters: numbersOf(curves),
    objective: missOf(curves),
    ...intervalsOf(request, kept, (drawn) => numbersOf(rateCurves(drawn)), curveKey),
    beside: [
      {
        method: 'rate of the ready studies',
        parameters: { factor: usualRate.factor, exponent: usualRate.exponent },
      },
    ],
    rates: curves,
    residuals: curves.flatMap((curve) =>
      curve.best
        ? curve.near.map((run) => ({ loss: run.loss, predicted: lossAtRate(curve, rateOfRun(run)) }))
        : [],
    ),
    warnings: warningsOf(curves, refused),
  };
}

/** The loss that a size's parabola has at a rate; NaN of a size without one. */
export function lossAtRate({ parabola }: RateCurve, rate: number): number {
  return parabola ? atParabola(parabola, Math.log(rate)) : Number.NaN;
}

function rateOfRun({ learningRate = Number.NaN }: RunPoint): number {
  return learningRate;
}

/** The law of two sizes or more; the rate alone of one. */
function numbersOf(curves: readonly RateCurve[]): Record<string, number> {
  const law = rateLaw(curves);
  if (law) return { ...law };
  const [rate] = curves.flatMap(({ best }) => (best ? [best.rate] : []));
  if (rate === undefined) throw new UnfitRunsError('learning-rate: no best rate.');
  return { rate };
}

/** Sum of squared residuals of the parabolas, in nats². */
function missOf(curves: readonly RateCurve[]): number {
  return curves
    .filter(({ best }) => best)
    .flatMap((curve) => curve.near.map((run) => run.loss - lossAtRate(curve, rateOfRun(run))))
    .reduce((sum, miss) => sum + miss ** 2, 0);
}

function describeRefusal({ parameters, tokens, refusal = '' }: RateCurve): string {
  return `N ${formatDigits(parameters)}, D ${formatDigits(tokens)}: ${refusal}`;
}

function warningsOf(curves: readonly RateCurve[], refused: readonly RateCurve[]): string[] {
  const warnings = refused.map((curve) => `${describeRefusal(curve)}.`);
  const unsure = curves.filter(({ best }) => best && best.interval === undefined);
  if (unsure.length > 0)
    warnings.push(
      `${unsure.length} of ${curves.length} best rates have no interval: too few runs, or too flat a curve. Repeat them with other seeds.`,
    );
  const lengths = new Set(curves.map(({ tokens }) => tokens)).size;
  if (lengths > 1)
    warnings.push('The runs differ in D: the best rate falls with it too, and the law has N alone.');
  return warnings;
}
