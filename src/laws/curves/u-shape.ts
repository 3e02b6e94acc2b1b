// A loss with a best place: c₀ + c₁·ln x + c₂/x, the form of "Scaling Laws Meet Model Architecture" (arXiv 2510.18245) for d/√N and for r.
import { solveLeastSquares } from '../linear-least-squares.ts';
import { countDistinct, UnfitRunsError } from '../run-point.ts';

/** A fitted U and its best place. */
export interface UShapeFit {
  readonly c0: number;
  readonly c1: number;
  readonly c2: number;
  /** x of the lowest loss, c₂ / c₁; undefined unless both are positive. */
  readonly optimum: number | undefined;
  /** Loss there. */
  readonly minimum: number | undefined;
  /** Sum of squared residuals, in nats². */
  readonly residualSum: number;
}

/** Least squares in closed form. @throws UnfitRunsError for fewer than three x */
export function fitUShape(x: readonly number[], loss: readonly number[], name = 'x'): UShapeFit {
  const distinct = countDistinct(x);
  if (distinct < 3) {
    throw new UnfitRunsError(
      `u-shape: ${distinct} different values of ${name} cannot fix 3 parameters. Run at least three, better six.`,
    );
  }
  const columns = [
    new Float64Array(x.length).fill(1),
    Float64Array.from(x, Math.log),
    Float64Array.from(x, (value) => 1 / value),
  ];
  const fit = solveLeastSquares(columns, Float64Array.from(loss));
  if (!fit)
    throw new UnfitRunsError(
      `u-shape: the values of ${name} are too close to each other. Spread them wider.`,
    );
  const [c0, c1, c2] = fit.coefficients;
  const hasOptimum = c1 > 0 && c2 > 0;
  const optimum = hasOptimum ? c2 / c1 : undefined;
  return {
    c0,
    c1,
    c2,
    optimum,
    minimum: optimum === undefined ? undefined : c0 + c1 * (Math.log(optimum) + 1),
    residualSum: fit.residualSum,
  };
}

/** Loss by a fitted U. */
export function predictUShape({ c0, c1, c2 }: Pick<UShapeFit, 'c0' | 'c1' | 'c2'>, x: number): number {
  return c0 + c1 * Math.log(x) + c2 / x;
}
