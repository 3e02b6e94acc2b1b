// The Pareto front of loss and speed: what nothing else beats in both.

/** Whether each is on the front: none has a loss as low with more speed, or a speed as high with less loss. */
export function paretoFront(points: readonly { readonly loss: number; readonly speed: number }[]): boolean[] {
  return points.map(
    ({ loss, speed }) =>
      !points.some(
        (other) => other.loss <= loss && other.speed >= speed && (other.loss < loss || other.speed > speed),
      ),
  );
}
