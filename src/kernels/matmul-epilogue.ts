// What a matrix product makes of its sums before it stores them: an activation or its slope, dropout, a residual.
import functionsSource from '../../shaders/activation-functions.wgsl?raw';
import source from '../../shaders/matmul-epilogue.wgsl?raw';
import type { BindingSpec, Dims, Dispatch, NumberArray, Scalars } from '../plan/kernel.ts';
import type { Tensor } from '../plan/tensor.ts';
import { activationOfKind, wide } from './activation-functions.ts';
import {
  dropoutDims,
  dropoutFlops,
  dropoutMask,
  droppedValue,
  noDropout,
  randomFlops,
} from './dropout-mask.ts';

/** WGSL of `shaped`, which stands before the products. */
export const epilogueSource: string = functionsSource + dropoutMask + source;

/** What `activation` may say. */
export const activationUses = {
  none: 0,
  /** y = f(sum). */
  applied: 1,
  /** The same, and the sum is kept for its slope. */
  appliedAndKept: 2,
  /** y = sum · f′(what was kept): the sum is a gradient. */
  slope: 3,
} as const;

/** How a product uses an activation, of which `kind`, and how it drops. */
export const epilogueDims = ['activation', 'kind', ...dropoutDims] as const;

/** Values of `epilogueDims`. */
export type EpilogueDims = Dims<(typeof epilogueDims)[number]>;

/** Of a product that stores its sums as they are. */
export const noEpilogue: EpilogueDims = { activation: activationUses.none, kind: 0, ...noDropout };

/** True if sums are stored as they are, or as parts of sums. */
export function isBare({ activation, dropout }: Dims): boolean {
  return activation === activationUses.none && dropout === 0;
}

/**
 * A product that wrote ∂y of y = f(x), writing ∂x = ∂y ∘ f′(x) (+ ∂x) instead.
 * @returns undefined of anything but a product whose sums go to y as they are
 */
export function withSlope(
  { kernel, dims, bindings: { y: _, ...bindings } }: Dispatch,
  {
    x,
    dx,
    kind,
    accumulate,
  }: { readonly x: Tensor; readonly dx: Tensor; readonly kind: number; readonly accumulate: 0 | 1 },
): Pick<Dispatch, 'dims' | 'bindings'> | undefined {
  const { slices, columns, yStride, hasResidual, accumulate: adds } = dims;
  const isWhole = slices === 1 && yStride === columns && hasResidual === 0 && adds === 0;
  if (!kernel.reads.includes('slopesAt') || !isWhole || !isBare(dims)) return undefined;
  const epilogue = { activation: activationUses.slope, kind, accumulate };
  return { dims: { ...dims, ...epilogue }, bindings: { ...bindings, slopesAt: x, y: dx } };
}

/** Useful operations per element of y. */
export function epilogueFlops({ activation, kind, dropout }: EpilogueDims): number {
  const { value, slope } = activationOfKind(kind).flops;
  const { none, slope: isSlope } = activationUses;
  const ofActivation = activation === none ? 0 : activation === isSlope ? slope + 1 : value;
  return ofActivation + dropoutFlops({ dropout });
}

/** Operations per element of y, with those of the generator. */
export function launchedEpilogueFlops(dims: EpilogueDims): number {
  return epilogueFlops(dims) + randomFlops(dims);
}

/** Numbers that are read or written beside one of y: what is kept. */
export function keptNumbers({ activation }: Pick<EpilogueDims, 'activation'>): number {
  return activation >= activationUses.appliedAndKept ? 1 : 0;
}

/** Extents of what is kept, in the product that writes it and in the one that reads it. */
export function epilogueTensors({
  rows,
  columns,
  activation,
}: Dims<'rows' | 'columns' | 'activation'>): Record<'kept' | 'slopesAt', BindingSpec> {
  const extentOf = (use: number) => (activation === use ? [rows, columns] : [1]);
  const { appliedAndKept, slope } = activationUses;
  return {
    kept: { shape: extentOf(appliedAndKept) },
    slopesAt: { shape: extentOf(slope), fill: wide },
  };
}

/** `shaped` of the shader: what is made of the sum at a place of [rows, columns]. */
export function shapedValue(
  sum: number,
  element: number,
  { kept, slopesAt }: Readonly<Record<'kept' | 'slopesAt', NumberArray>>,
  dims: EpilogueDims & Dims<'columns'>,
  scalars: Scalars,
): number {
  const { activation, kind, dropout } = dims;
  const { value, slope } = activationOfKind(kind);
  let shaped = sum;
  if (activation === activationUses.appliedAndKept) kept[element] = sum;
  if (activation === activationUses.slope) shaped = sum * slope(slopesAt[element]);
  else if (activation !== activationUses.none) shaped = value(sum);
  return dropout > 0 ? droppedValue(shaped, element, dims, scalars) : shaped;
}
