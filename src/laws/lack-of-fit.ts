// Whether runs obey a law: how far the law misses, how far repeats differ, and whether it misses by more than that (F).
import type { RunPoint } from './run-point.ts';

/** What the residuals of a fit say. */
export interface LackOfFit {
  /** Root of the mean squared residual of log L: 0.01 is 1 %. */
  readonly rmsLogResidual: number;
  readonly largestLogResidual: number;
  /** Standard deviation of log L among repeats of one (N, D); undefined without repeats. */
  readonly repeatDeviation: number | undefined;
  /** Variance of the cells' means about the law over that of repeats; undefined without repeats or spare cells. */
  readonly f: number | undefined;
  /** Whether the law may be believed: misfit under 1.5 %, F under 10. */
  readonly obeys: boolean;
}

/** What a corpus for laws must keep to. */
export const obedience = { rmsLogResidual: 0.015, f: 10 } as const;

/** Judges a fit. @param predict the law @param unknowns how many parameters the law has */
export function judgeFit(
  points: readonly RunPoint[],
  predict: (point: RunPoint) => number,
  unknowns: number,
): LackOfFit {
  const residuals = points.map((point) => Math.log(point.loss) - Math.log(predict(point)));
  const cells = new Map<string, number[]>();
  points.forEach(({ parameters, tokens }, index) => {
    const key = `${parameters} ${tokens}`;
    cells.set(key, [...(cells.get(key) ?? []), residuals[index]]);
  });
  let [within, between] = [0, 0];
  for (const cell of cells.values()) {
    const mean = cell.reduce((sum, value) => sum + value, 0) / cell.length;
    within += cell.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    between += cell.length * mean ** 2;
  }
  const spareRepeats = points.length - cells.size;
  const spareCells = cells.size - unknowns;
  const variance = spareRepeats > 0 ? within / spareRepeats : undefined;
  const f = variance && spareCells > 0 ? between / spareCells / variance : undefined;
  const rmsLogResidual = Math.sqrt(
    residuals.reduce((sum, value) => sum + value ** 2, 0) / Math.max(1, residuals.length),
  );
  return {
    rmsLogResidual,
    largestLogResidual: Math.max(...residuals.map(Math.abs)),
    repeatDeviation: variance === undefined ? undefined : Math.sqrt(variance),
    f,
    obeys: rmsLogResidual < obedience.rmsLogResidual && (f === undefined || f < obedience.f),
  };
}
