// Minimises a smooth function of few variables by BFGS with a line search (Nocedal and Wright 2006, algorithm 6.1).

/** Returns f(x) and writes ∂f/∂x into `gradient`. May return NaN or Infinity where f is not defined. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** A place that was reached. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
}

/** Steps until nothing improves any more, or `iterations` are used up. @param start is not changed */
export function minimise(objective: Objective, start: ArrayLike<number>, iterations: number): Minimum {
  const count = start.length;
  let x = Float64Array.from(start);
  let gradient = new Float64Array(count);
  let value = objective(x, gradient);
  let inverse = identity(count);
  let isFresh = true;
  let iteration = 0;
  while (iteration < iterations) {
    iteration++;
    const direction = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) direction[i] -= inverse[i * count + j] * gradient[j];
    }
    const found = searchLine(objective, x, value, gradient, direction, isFresh);
    if (!found) {
      // The curvature that was learnt may be of another place: begin anew once, then it is the end.
      if (isFresh) break;
      inverse = identity(count);
      isFresh = true;
      continue;
    }
    const { x: next, value: lower, gradient: slope } = found;
    const gain = value - lower;
    inverse = update(inverse, x, next, gradient, slope, isFresh);
    isFresh = false;
    [x, gradient, value] = [next, slope, lower];
    if (gain <= 1e-14 * Math.abs(lower)) break;
  }
  return { x, value, iterations: iteration };
}

interface Place {
  readonly x: Float64Array<ArrayBuffer>;
  readonly value: number;
  readonly gradient: Float64Array<ArrayBuffer>;
}

/** A step that lowers f enough and has left the steep part (weak Wolfe conditions), by bisection. */
function searchLine(
  objective: Objective,
  x: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  isFresh: boolean,
): Place | undefined {
  const slope = along(gradient, direction);
  if (!(slope < 0)) return undefined;
  let step = isFresh ? Math.min(1, 0.5 / Math.sqrt(along(direction, direction))) : 1;
  let [low, high] = [0, Infinity];
  let best: Place | undefined;
  for (let trial = 0; trial < 40; trial++) {
    const place = { x: Float64Array.from(x), value: 0, gradient: new Float64Array(x.length) };
    for (let i = 0; i < x.length; i++) place.x[i] += step * direction[i];
    place.value = objective(place.x, place.gradient);
    const isLower = place.value <= value + 1e-4 * step * slope && place.value < value;
    if (!isLower) {
      high = step;
    } else {
      if (!best || place.value < best.value) best = place;
      if (along(place.gradient, direction) >= 0.9 * slope) return place;
      low = step;
    }
    step = high === Infinity ? 2 * low : (low + high) / 2;
    if (!isLower && trial > 25) break;
  }
  return best;
}

/** The BFGS update of the inverse Hessian; left as it is where the curvature is not positive. */
function update(
  inverse: Float64Array<ArrayBuffer>,
  x: Float64Array,
  next: Float64Array,
  gradient: Float64Array,
  slope: Float64Array,
  isFresh: boolean,
): Float64Array<ArrayBuffer> {
  const count = x.length;
  const s = next.map((value, i) => value - x[i]);
  const y = slope.map((value, i) => value - gradient[i]);
  const curvature = along(s, y);
  if (!(curvature > 1e-300)) return inverse;
  const scaled = inverse;
  if (isFresh) {
    const scale = curvature / along(y, y);
    for (let i = 0; i < count; i++) scaled[i * count + i] = scale;
  }
  const product = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) product[i] += scaled[i * count + j] * y[j];
  }
  const factor = (1 + along(y, product) / curvature) / curvature;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      scaled[i * count + j] += factor * s[i] * s[j] - (product[i] * s[j] + s[i] * product[j]) / curvature;
    }
  }
  return scaled;
}

function identity(count: number): Float64Array<ArrayBuffer> {
  const matrix = new Float64Array(count * count);
  for (let i = 0; i < count; i++) matrix[i * count + i] = 1;
  return matrix;
}

function along(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
