// Dims of a matrix product: sizes, row lengths and options, those that are natural, typical and tested.
import type { Dims } from '../plan/kernel.ts';
import { activationUses, type EpilogueDims, epilogueDims, noEpilogue } from './matmul-epilogue.ts';

/**
 * Which operand is stored transposed. y is always [rows, columns], summed over inner.
 * nn: x [rows, inner], w [inner, columns]; nt: w [columns, inner]; tn: x [inner, rows], w [inner, columns].
 */
export type MatmulLayout = 'nn' | 'nt' | 'tn';

export const matmulDims = [
  'rows',
  'columns',
  'inner',
  'xStride',
  'wStride',
  'yStride',
  'slices',
  'hasBias',
  'hasResidual',
  'accumulate',
  ...epilogueDims,
] as const;

/** Sizes, row lengths and options of one product. `slices` > 1 writes that many partial sums one after another. */
export type MatmulDims = Dims<(typeof matmulDims)[number]>;

/** A product of natural row lengths with no option. */
export function naturalDims(layout: MatmulLayout, rows: number, columns: number, inner: number): MatmulDims {
  const [xStride, wStride] = [layout === 'tn' ? rows : inner, layout === 'nt' ? inner : columns];
  // Strides let heads, blocks of a vocabulary and slices be products of parts of larger matrices, without
  // copies.
  const natural = { rows, columns, inner, xStride, wStride, yStride: columns };
  return { ...natural, slices: 1, hasBias: 0, hasResidual: 0, accumulate: 0, ...noEpilogue };
}

/**
 * Rows × columns × inner of tiny models' layers, small to large: tokens × outputs × inputs forward, tokens × inputs ×
 * outputs for ∂x, inputs × outputs × tokens for ∂w.
 */
export const typicalSizes: Readonly<Record<MatmulLayout, readonly (readonly [number, number, number])[]>> = {
  nn: [
    [256, 96, 96],
    [768, 384, 128],
    [1024, 512, 512],
  ],
  nt: [
    [256, 96, 96],
    [768, 128, 384],
    [1024, 512, 512],
  ],
  tn: [
    [96, 96, 256],
    [128, 384, 768],
    [512, 512, 1024],
  ],
};

/** Of the self-test: what forward products do, and what backward ones do. */
export const testEpilogues: Readonly<Record<MatmulLayout, Partial<EpilogueDims>>> = {
  nn: { activation: activationUses.appliedAndKept, dropout: 0.25, time: 3, operation: 2 },
  nt: { activation: activationUses.slope },
  tn: {},
};
