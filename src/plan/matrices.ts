// The matrices that a parameter holds: side by side in packed projections, stacked in experts.
import type { ParameterShape } from './store.ts';

/** A matrix [rows, columns] inside a parameter; it starts at `firstElement`, its rows lie `stride` apart. */
export interface ParameterMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  readonly firstElement: number;
}

/** True for what multiplies activations or is looked up; norms and biases are vectors, also where two share a tensor. */
export function isMatrix({ decay, shape }: Pick<ParameterShape, 'decay' | 'shape'>): boolean {
  return decay && shape.length >= 2;
}

/**
 * The matrices of a parameter, each on its own: queries, keys, values, gate and up are columns of wider parameters, experts
 * are stacked. None of a vector.
 */
export function matricesOf(parameter: ParameterShape): ParameterMatrix[] {
  if (!isMatrix(parameter)) return [];
  const { shape, columns: widths } = parameter;
  const [rows = 1, stride = 1] = shape.slice(-2);
  const stacked = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return Array.from({ length: stacked }, (_, place) => {
    let firstElement = place * rows * stride;
    return (widths ?? [stride]).map((columns) => {
      const matrix = { rows, columns, stride, firstElement };
      firstElement += columns;
      return matrix;
    });
  }).flat();
}
