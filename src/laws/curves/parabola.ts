// A parabola by least squares, about the middle of its x so that squares keep their digits, and how surely its lowest place is known.
import { solveLeastSquares } from '../linear-least-squares.ts';

/** y = c0 + c1·u + c2·u², u = x − middle. */
export interface Parabola {
  readonly middle: number;
  readonly c0: number;
  readonly c1: number;
  readonly c2: number;
  /** Sum of squared residuals. */
  readonly residualSum: number;
}

/** Least squares; undefined where there are fewer than three different x. */
export function fitParabola(x: readonly number[], y: readonly number[]): Parabola | undefined {
  const middle = x.reduce((sum, value) => sum + value, 0) / x.length;
  const u = Float64Array.from(x, (value) => value - middle);
  const fit = solveLeastSquares(
    [new Float64Array(x.length).fill(1), u, u.map((value) => value ** 2)],
    Float64Array.from(y),
  );
  if (!fit) return undefined;
  const [c0, c1, c2] = fit.coefficients;
  return { middle, c0, c1, c2, residualSum: fit.residualSum };
}

/** y of a parabola. */
export function atParabola({ middle, c0, c1, c2 }: Parabola, x: number): number {
  const u = x - middle;
  return c0 + c1 * u + c2 * u ** 2;
}

/** The lowest place; undefined of a parabola that opens downwards. */
export function lowestPlace({
  middle,
  c0,
  c1,
  c2,
}: Parabola): { readonly x: number; readonly y: number } | undefined {
  return c2 > 0 ? { x: middle - c1 / (2 * c2), y: c0 - c1 ** 2 / (4 * c2) } : undefined;
}

/**
 * The 95 % interval of the lowest place by Fieller's theorem (1954): all v at which the slope c1 + 2·c2·v is not surely
 * other than zero. Undefined without spare points, or where the bend itself is not sure: then no place is excluded.
 */
export function lowestPlaceInterval(
  { middle, c1, c2, residualSum }: Parabola,
  x: readonly number[],
): readonly [low: number, high: number] | undefined {
  const spare = x.length - 3;
  if (spare < 1) return undefined;
  const u = x.map((value) => value - middle);
  const squares = u.map((value) => value ** 2);
  const scale = (studentQuantile(spare) ** 2 * residualSum) / spare;
  // Inverse of the 2 × 2 cross products that are left once the constant is taken out: the covariances over σ².
  const [uu, uv, vv] = [crossOf(u, u), crossOf(u, squares), crossOf(squares, squares)];
  const determinant = uu * vv - uv ** 2;
  const [v11, v12, v22] = [vv, -uv, uu].map((value) => (scale * value) / determinant);
  const a = 4 * (c2 ** 2 - v22);
  const b = 4 * (c1 * c2 - v12);
  const c = c1 ** 2 - v11;
  const root = b ** 2 - 4 * a * c;
  if (!(a > 0 && root >= 0)) return undefined;
  return [middle + (-b - Math.sqrt(root)) / (2 * a), middle + (-b + Math.sqrt(root)) / (2 * a)];
}

/** Σ (a − ā)(b − b̄) */
function crossOf(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  return a.reduce((sum, value, index) => sum + (value - meanA) * (b[index] - meanB), 0);
}

/** 97.5 % point of Student's t: exact for one and two degrees of freedom, else by Cornish and Fisher, within 1 %. */
export function studentQuantile(degrees: number): number {
  if (degrees === 1) return 12.7062;
  if (degrees === 2) return 4.30265;
  const z = 1.959964;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
}
