// Least squares by a polynomial of low degree, on relative errors: how times of very different size are fitted.

/** Coefficients, constant first, of the polynomial that makes Σ ((p(x) − y) ÷ y)² least. y must be positive. */
export function fitPolynomial(
  points: readonly (readonly [x: number, y: number])[],
  degree: number,
): number[] {
  if (points.length <= degree || points.some(([, y]) => !(y > 0))) {
    throw new Error(`fit: degree ${degree} needs ${degree + 1} points with y above 0, of ${points.length}.`);
  }
  // Powers of x ÷ largest x stay near 1: normal equations of raw powers would lose half of their digits.
  const scale = Math.max(...points.map(([x]) => Math.abs(x))) || 1;
  const size = degree + 1;
  const rows = Array.from({ length: size }, () => new Array<number>(size + 1).fill(0));
  for (const [x, y] of points) {
    const terms = Array.from({ length: size }, (_, power) => (x / scale) ** power / y);
    for (let i = 0; i < size; i++) {
      const row = rows[i] as number[];
      for (let j = 0; j < size; j++) row[j] = (row[j] ?? 0) + (terms[i] ?? 0) * (terms[j] ?? 0);
      row[size] = (row[size] ?? 0) + (terms[i] ?? 0);
    }
  }
  return solve(rows).map((coefficient, power) => coefficient / scale ** power);
}

/** Value of a polynomial, constant coefficient first. */
export function evaluatePolynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

/** Solves rows of [matrix | right side] by elimination with pivots. */
function solve(rows: number[][]): number[] {
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const pivot = rows.slice(column).reduce((best, row) => {
      return Math.abs(row[column] ?? 0) > Math.abs(best[column] ?? 0) ? row : best;
    });
    const at = rows.indexOf(pivot);
    [rows[column], rows[at]] = [pivot, rows[column] as number[]];
    const head = pivot[column] ?? 0;
    if (head === 0)
      throw new Error('fit: the points do not determine the curve. Give points at different x.');
    for (let other = 0; other < size; other++) {
      const row = rows[other] as number[];
      if (other === column) continue;
      const factor = (row[column] ?? 0) / head;
      for (let j = column; j <= size; j++) row[j] = (row[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  return rows.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1));
}
