// What dropout makes of an element, for every kernel that drops: its WGSL, its cost and the same for references.
import source from '../../shaders/dropout-mask.wgsl?raw';
import type { Dims, Scalars } from '../plan/kernel.ts';
import { randomUniform } from './prologue.ts';

/** WGSL of `dropped`, which stands before the kernels that drop. */
export const dropoutMask: string = source;

/** What a mask depends on: the probability, rows of a sample, the number of the operation in the plan. */
export const dropoutDims = ['dropout', 'time', 'operation'] as const;

/** Values of `dropoutDims`; with a `dropout` of 0 nothing is dropped, and nothing drawn. */
export type DropoutDims = Dims<(typeof dropoutDims)[number]>;

/** Of a kernel that drops nothing. */
export const noDropout: DropoutDims = { dropout: 0, time: 1, operation: 0 };

/** Operations per element that count: compare, multiply. */
export const dropoutFlops = ({ dropout }: Pick<DropoutDims, 'dropout'>): number => (dropout > 0 ? 2 : 0);

/** Operations per element of the generator: pcg4d has 30 of integers. */
export const randomFlops = ({ dropout }: Pick<DropoutDims, 'dropout'>): number => (dropout > 0 ? 30 : 0);

/** An element of [rows, columns] where it is kept, scaled up, or 0: `dropped` of the shader. */
export function droppedValue(
  value: number,
  element: number,
  { dropout, time, operation, columns }: DropoutDims & Dims<'columns'>,
  { dropoutSeed, step, sampleOffset }: Scalars,
): number {
  // By sample and by place within it: the same element is dropped however a step is cut into micro-batches.
  const sample = sampleOffset + Math.floor(element / (time * columns));
  const uniform = randomUniform(dropoutSeed, step, sample, operation, element % (time * columns));
  return uniform < Math.fround(dropout) ? 0 : value / (1 - dropout);
}
