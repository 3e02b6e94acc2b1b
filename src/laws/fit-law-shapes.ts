// Reports laws of one variable: a U along any column, and the loss against the number of experts.
import { formatDigits } from '../text/numbers.ts';
import { fitUShape, predictUShape, type UShapeFit } from './curves/u-shape.ts';
import { type ExpertRun, fitExperts, predictExperts } from './experts-law.ts';
import { type FitRequest, intervalsOf, type LawReport, scoreTest } from './report.ts';
import { leaveOutHighest, type RunPoint, UnfitRunsError } from './run-point.ts';

/** Fits a U along `request.x`, d/√N unless given. @throws UnfitRunsError */
export function reportUShape(points: readonly RunPoint[], request: FitRequest): LawReport {
  requireLeastSquares(request);
  const x = request.x ?? 'ratio';
  const { kept, leftOut } = leaveOutHighest(points, request.leaveOutHighest ?? 0);
  const read = (point: RunPoint) => {
    const value =
      point[x] ?? (x === 'ratio' && point.width ? point.width / Math.sqrt(point.parameters) : undefined);
    if (value !== undefined) return value;
    throw new UnfitRunsError(
      `u-shape: a run of ${point.parameters} parameters has no ${x}. Give the column.`,
    );
  };
  const refit = (drawn: readonly RunPoint[]) =>
    fitUShape(
      drawn.map(read),
      drawn.map(({ loss }) => loss),
      x,
    );
  const fit = refit(kept);
  const predict = (point: RunPoint) => predictUShape(fit, read(point));
  const values = kept.map(read);
  return {
    law: 'u-shape',
    method: 'least-squares',
    points: kept.length,
    leftOut: leftOut.map((point) => ({ ...point, reason: 'among the highest losses' })),
    parameters: numbersOf(fit),
    objective: fit.residualSum,
    ...intervalsOf(request, kept, (drawn) => numbersOf(refit(drawn))),
    ...(request.test ? { test: scoreTest(request.test, predict) } : {}),
    residuals: kept.map((point) => ({ loss: point.loss, predicted: predict(point) })),
    warnings: uShapeWarnings(fit, x, values),
  };
}

/** Fits the loss against experts. @throws UnfitRunsError */
export function reportExperts(points: readonly RunPoint[], request: FitRequest): LawReport {
  requireLeastSquares(request);
  const { kept, leftOut } = leaveOutHighest(points, request.leaveOutHighest ?? 0);
  const withExperts = (point: RunPoint): ExpertRun => {
    const { experts } = point;
    if (experts !== undefined) return { ...point, experts };
    throw new UnfitRunsError(
      `experts law: a run of ${point.parameters} parameters has no experts. Give the column; 1 for a dense model.`,
    );
  };
  const runs = kept.map(withExperts);
  const fit = fitExperts(runs);
  const predict = (point: RunPoint) => predictExperts(fit, point.parameters, withExperts(point).experts);
  const { uShape } = fit;
  const hasBest = uShape?.optimum !== undefined;
  return {
    law: 'experts',
    method: 'least-squares',
    points: kept.length,
    leftOut: leftOut.map((point) => ({ ...point, reason: 'among the highest losses' })),
    parameters: { ...fit.parameters, ...(hasBest ? { bestExperts: uShape.optimum } : {}) },
    objective: fit.residualSum,
    ...intervalsOf(request, kept, (drawn) => ({ ...fitExperts(drawn.map(withExperts)).parameters })),
    ...(request.test ? { test: scoreTest(request.test, predict) } : {}),
    beside: uShape ? [{ method: 'u-shape in experts', parameters: numbersOf(uShape) }] : [],
    residuals: kept.map((point) => ({ loss: point.loss, predicted: predict(point) })),
    warnings: hasBest
      ? []
      : [
          'No best number of experts within these runs: the loss only falls, as it does at fixed active parameters.',
        ],
  };
}

function requireLeastSquares({ law, method }: FitRequest): void {
  if (method === undefined || method === 'least-squares') return;
  throw new UnfitRunsError(
    `${law}: there is no fit by ${method}. Leave the method out: it is least squares.`,
  );
}

function numbersOf({ c0, c1, c2, optimum, minimum }: UShapeFit): Record<string, number> {
  return {
    c0,
    c1,
    c2,
    ...(optimum === undefined || minimum === undefined ? {} : { optimum, minimum }),
  };
}

function uShapeWarnings({ optimum }: UShapeFit, x: string, values: readonly number[]): string[] {
  if (optimum === undefined)
    return [
      `The curve has no lowest place along ${x}: c₁ and c₂ must both be positive. No optimum is reported.`,
    ];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return optimum < low || optimum > high
    ? [
        `The best ${x}, ${formatDigits(optimum)}, lies beyond what was run (${formatDigits(low)} to ${formatDigits(high)}): extrapolated.`,
      ]
    : [];
}
