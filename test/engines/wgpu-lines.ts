// What the runner in Deno and the test that reads it agree on: its lines, and which kernels it checks.
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { presets } from '../../src/model/presets/catalogue.ts';
import { type Dims, familyOf, type Kernel } from '../../src/plan/kernel.ts';
import type { Verification } from '../../src/runtime/verify.ts';
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
 * takes the first shape of every family, shader and entry point, which leaves out tiles of other sizes in the same text;
 * the full run takes every shape of every kernel. Pipelines of all of them are made in both: that compiles the WGSL alone.
 */
export function casesToRun(isFull: boolean): { readonly kernel: Kernel; readonly dims: Dims }[] {
  const seen = new Set<string>();
  return portableKernels.flatMap((kernel) => {
    const key = `${familyOf(kernel.name)} ${kernel.entryPoint} ${kernel.source}`;
    const isFirst = !seen.has(key);
    seen.add(key);
    const shapes = isFull ? kernel.selfTest : isFirst ? kernel.selfTest.slice(0, 1) : [];
    return shapes.map((dims) => ({ kernel, dims }));
  });
}
