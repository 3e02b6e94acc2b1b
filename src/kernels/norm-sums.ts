// What the norms share: the WGSL that adds up rows and columns, its constants, and the gradient of a weight by slices.
import source from '../../shaders/norm-sums.wgsl?raw';
import { defineKernel, type Kernel } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { recordColumnSum } from './column-sum.ts';
import { rowLaneLevels, weightSlices } from './launch.ts';
import { prologue } from './prologue.ts';

/** What stands before the shaders of the norms. */
export const normPrologue = prologue + source;

/** Invocations that share a row, as norm-sums.wgsl wants them. */
export function normConstants({ columns }: { readonly columns: number }) {
  return { laneLevels: rowLaneLevels(columns) };
}

/** What all kernels of the norms of whole rows are declared with. */
export const normDeclaration = {
  role: 'norm',
  arithmetic: 'norm arithmetic',
  constants: normConstants,
} as const;

/**
 * Rows from which a row an invocation pays: two workgroups, for as many cores. On two, with lavapipe, 128 rows of 64 take 0.63
 * of the time forward and 0.67 backward, and 16 rows 1.1 to 1.9 times as long.
 */
const manyRows = 128;

/**
 * A norm's kernel with a row an invocation. Lanes that share a row tell each other their sums through workgroup memory,
 * which on a software adapter takes a third of the time or more, and neighbours that read neighbours gain nothing there.
 */
export function rowEach<D extends string, B extends string>(
  kernel: Kernel<D | 'rows', B>,
): Kernel<D | 'rows', B> {
  return defineKernel({
    ...kernel,
    name: `${kernel.name}/row-each`,
    constants: () => ({ laneLevels: 0 }),
    suits: ({ rows }, device) => isSoftwareLike(device) && rows >= manyRows,
    workgroups: ({ rows }) => Math.ceil(rows / 64),
  });
}

/** Rows and columns of tiny models, small to large, at which norms are calibrated. */
export const normSizes = [
  { rows: 256, columns: 64 },
  { rows: 1024, columns: 384 },
  { rows: 2048, columns: 512 },
] as const;

/**
 * Records the gradient of a norm's weight: sums over `rows` by slices, each written by `recordSums`, and their sum where
 * there are several, in a fixed order.
 */
export function recordWeightGradient(
  tape: Tape,
  name: string,
  weight: Tensor,
  rows: number,
  recordSums: (sums: Tensor, options: { readonly slices: number; readonly accumulate: 0 | 1 }) => void,
): void {
  const { gradient, accumulate } = tape.gradientTarget(weight);
  const slices = weightSlices(rows);
  if (slices === 1) {
    recordSums(gradient, { slices, accumulate });
    return;
  }
  const sums = tape.tensor(`${name} sums`, [slices, ...weight.shape]);
  recordSums(sums, { slices, accumulate: 0 });
  recordColumnSum(
    tape,
    { x: sums, y: gradient },
    { rows: slices, columns: elementCount(weight.shape), accumulate },
  );
}
