// What the runner in Deno and the test that reads it agree on: its lines, and which kernels it checks.
import { expertTileBound } from '../../src/kernels/expert-placement.ts';
import { type MatmulLayout, naturalDims } from '../../src/kernels/matmul-sizes.ts';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { presets } from '../../src/model/presets/catalogue.ts';
import { type Dims, familyOf, type Kernel } from '../../src/plan/kernel.ts';
import type { Verification, VerifiedCase } from '../../src/runtime/verify.ts';
import type { VariantRun } from './variant-runs.ts';

/** One line of the runner's output. */
export type WgpuLine =
  | { readonly kind: 'device'; readonly description: string }
  | { readonly kind: 'noDevice'; readonly message: string }
  | ({ readonly kind: 'kernel' } & Verification)
  | ({ readonly kind: 'variant' } & VariantRun)
  | {
      readonly kind: 'compiled';
      /** A preset's id, or `self-test`. */
      readonly of: string;
      /** Pipelines that no earlier line had. */
      readonly pipelines: number;
      readonly failures: readonly string[];
    }
  | { readonly kind: 'end' };

/** Kernels that a device without subgroups can run: what wgpu gives a browser. */
export const portableKernels: readonly Kernel[] = allKernels.filter(
  ({ requires = [] }) => requires.length === 0,
);

/**
 * The presets whose pipelines are made: their kernels are those of the self-test, with other constants. `npm test` takes the
 * first, the largest and the one with most kinds of layers, the full run all.
 */
export function presetsToCompile(isFull: boolean): typeof presets {
  const telling = ['nano', 'gpt2-124m', 'deepseek-v3-mini'];
  return isFull ? presets : presets.filter(({ id }) => telling.includes(id));
}

/**
 * The kernels and shapes that are run. A software driver compiles whatever runs for up to four seconds, so that `npm test`
 * takes the first shape of every family, shader and entry point, and some around the tiles; the full run takes every shape
 * of every kernel. Pipelines of all of them are made in both: that compiles the WGSL alone.
 */
export function casesToRun(isFull: boolean): VerifiedCase[] {
  const seen = new Set<string>();
  const ofSelfTests = portableKernels.flatMap((kernel) => {
    const key = `${familyOf(kernel.name)} ${kernel.entryPoint} ${kernel.source}`;
    const isFirst = !seen.has(key);
    seen.add(key);
    const shapes = isFull ? kernel.selfTest : isFirst ? kernel.selfTest.slice(0, 1) : [];
    return shapes.map((dims) => ({ kernel, dims }));
  });
  return [...ofSelfTests, ...edgesOfTiles(isFull)];
}

/**
 * Tiles that only real GPUs get, a number below and above: products of each tile in one layout and of the first in all (in a
 * full run all in all), of grouped products another tile in each layout, and one gradient of attention, whose tile the model of the variant tables is a token above. With the
 * options of the self-test, so that pipelines are few.
 */
function edgesOfTiles(isFull: boolean): VerifiedCase[] {
  const places = new Map<string, number>();
  return portableKernels.flatMap((kernel): VerifiedCase[] => {
    const [options = {}] = kernel.selfTest;
    if (kernel.name === 'attention.keysAndValues/tiled') return [{ kernel, dims: { ...options, time: 31 } }];
    // Of 64 rows, which no model here has workgroups enough for.
    if (kernel.name === 'attention.forward/tiled-64')
      return [63, 65].map((time) => ({ kernel, dims: { ...options, time } }));
    const tile = /^(matmul|groupedMatmul)\.(nn|nt|tn)\/tiled-(\d+)x(\d+)/.exec(kernel.name);
    if (!tile) return [];
    const layout = tile[2] as MatmulLayout;
    const [height, width] = [Number(tile[3]), Number(tile[4])];
    const place = places.get(familyOf(kernel.name)) ?? 0;
    places.set(familyOf(kernel.name), place + 1);
    if (tile[1] === 'groupedMatmul') {
      if (!isFull && place !== ['nn', 'nt', 'tn'].indexOf(layout)) return [];
      return [-1, 1].map((over) => ({ kernel, dims: groupedEdge(layout, kernel, height, width, over) }));
    }
    if (!isFull && place > 0 && place !== ['nn', 'nt', 'tn'].indexOf(layout) + 1) return [];
    return [-1, 1].map((over) => {
      const sizes = naturalDims(layout, height + over, width - over, 33);
      const { rows, columns, inner, xStride, wStride, yStride } = sizes;
      return { kernel, dims: { ...options, rows, columns, inner, xStride, wStride, yStride } };
    });
  });
}

/** A grouped product whose columns, and whose experts' rows in all, are that many over their tiles; it adds to y. */
function groupedEdge(
  layout: MatmulLayout,
  kernel: Kernel,
  height: number,
  width: number,
  over: number,
): Dims {
  const options = kernel.selfTest[1] ?? {};
  const { experts = 1 } = options;
  const columns = width - over;
  if (layout === 'tn') return { ...options, columns, rows: height + over, inner: 2 * height + over };
  const rows = 2 * height + over;
  return {
    ...options,
    columns,
    rows,
    inner: 17,
    tileRows: height,
    tileBound: expertTileBound(rows, experts, height),
  };
}
