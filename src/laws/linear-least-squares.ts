// Least squares with few columns by orthogonalisation, plain and with coefficients that may not be negative.

/** A solution of min ‖Σ cⱼ·columnⱼ − target‖². */
export interface LinearFit {
  readonly coefficients: number[];
  /** Sum of squared residuals. */
  readonly residualSum: number;
}

/**
 * Least squares by Gram and Schmidt, orthogonalised twice, so that it is as good as Householder's QR (Giraud et al. 2005).
 * @returns undefined where the columns depend on each other
 */
export function solveLeastSquares(
  columns: readonly Float64Array[],
  target: Float64Array,
): LinearFit | undefined {
  const count = columns.length;
  const basis: Float64Array[] = [];
  const upper: number[][] = [];
  for (const column of columns) {
    const rest = Float64Array.from(column);
    const length = norm(rest);
    const weights = new Array<number>(count).fill(0);
    for (let pass = 0; pass < 2; pass++) {
      basis.forEach((direction, index) => {
        weights[index] += subtractProjection(rest, direction);
      });
    }
    const left = norm(rest);
    if (!(left > 1e-13 * length)) return undefined;
    for (let i = 0; i < rest.length; i++) rest[i] /= left;
    weights[basis.length] = left;
    basis.push(rest);
    upper.push(weights);
  }
  const residual = Float64Array.from(target);
  const projected = new Array<number>(count).fill(0);
  for (let pass = 0; pass < 2; pass++) {
    basis.forEach((direction, index) => {
      projected[index] += subtractProjection(residual, direction);
    });
  }
  const coefficients = new Array<number>(count).fill(0);
  for (let row = count - 1; row >= 0; row--) {
    let value = projected[row];
    for (let column = row + 1; column < count; column++) value -= upper[column][row] * coefficients[column];
    coefficients[row] = value / upper[row][row];
  }
  return { coefficients, residualSum: dot(residual, residual) };
}

/**
 * The best coefficients that are not negative, exactly: the least of all subsets of columns whose plain solution is
 * positive. Meant for few columns (2ᵏ − 1 subsets of k).
 */
export function solveNonNegative(columns: readonly Float64Array[], target: Float64Array): LinearFit {
  const count = columns.length;
  const all = solveLeastSquares(columns, target);
  if (all?.coefficients.every((value) => value >= 0)) return all;
  let best: LinearFit = {
    coefficients: new Array<number>(count).fill(0),
    residualSum: dot(target, target),
  };
  for (let subset = 1; subset < 2 ** count - 1; subset++) {
    const chosen = columns.map((_, index) => index).filter((index) => (subset >> index) & 1);
    const fit = solveLeastSquares(
      chosen.map((index) => columns[index]),
      target,
    );
    if (!fit || fit.residualSum >= best.residualSum || fit.coefficients.some((value) => value < 0)) continue;
    const coefficients = new Array<number>(count).fill(0);
    chosen.forEach((index, position) => {
      coefficients[index] = fit.coefficients[position];
    });
    best = { coefficients, residualSum: fit.residualSum };
  }
  return best;
}

/** The straight line y = intercept + slope·x of least squares; undefined where all x are one. */
export function fitLine(
  x: readonly number[],
  y: readonly number[],
): { readonly intercept: number; readonly slope: number } | undefined {
  const ones = new Float64Array(x.length).fill(1);
  const fit = solveLeastSquares([ones, Float64Array.from(x)], Float64Array.from(y));
  return fit && { intercept: fit.coefficients[0], slope: fit.coefficients[1] };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

/** Takes out of `vector` what lies along a direction of length 1. @returns how much that was */
function subtractProjection(vector: Float64Array, direction: Float64Array): number {
  const weight = dot(vector, direction);
  for (let i = 0; i < vector.length; i++) vector[i] -= weight * direction[i];
  return weight;
}
