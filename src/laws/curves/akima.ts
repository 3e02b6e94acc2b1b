// Akima's interpolation (1970): a smooth curve through points that one wild point bends only near itself.

/** A curve through points with x rising. @throws for fewer than two points, or x that do not rise */
export function akimaCurve(x: readonly number[], y: readonly number[]): (at: number) => number {
  const count = x.length;
  if (count < 2 || x.some((value, index) => index > 0 && !(value > x[index - 1]))) {
    throw new Error(`akima: ${count} points whose x must rise: ${x.join(', ')}. Sort and merge them first.`);
  }
  const inner = Array.from({ length: count - 1 }, (_, i) => (y[i + 1] - y[i]) / (x[i + 1] - x[i]));
  // Two slopes beyond either end go on as a parabola would.
  const [first, second = first] = inner;
  const last = inner[inner.length - 1];
  const beforeLast = inner[inner.length - 2] ?? last;
  const slopes = [
    3 * first - 2 * second,
    2 * first - second,
    ...inner,
    2 * last - beforeLast,
    3 * last - 2 * beforeLast,
  ];
  const tangents = x.map((_, i) => {
    const left = Math.abs(slopes[i + 3] - slopes[i + 2]);
    const right = Math.abs(slopes[i + 1] - slopes[i]);
    return left + right > 1e-12 * Math.max(...slopes.map(Math.abs))
      ? (left * slopes[i + 1] + right * slopes[i + 2]) / (left + right)
      : (slopes[i + 1] + slopes[i + 2]) / 2;
  });
  return (at) => {
    let i = 0;
    while (i < count - 2 && at > x[i + 1]) i++;
    const width = x[i + 1] - x[i];
    const t = at - x[i];
    const square = (3 * inner[i] - 2 * tangents[i] - tangents[i + 1]) / width;
    const cube = (tangents[i] + tangents[i + 1] - 2 * inner[i]) / width ** 2;
    return y[i] + t * (tangents[i] + t * (square + t * cube));
  };
}
