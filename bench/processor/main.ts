// The processor's cores without a GPU, a table a subject: all of them, or those that are named.
import { availableParallelism } from 'node:os';
import { allowRelaxedSimd, nodeThreads } from '../../src/cli/threads/wasm.ts';
import { loadWasmKernels, type WasmKernels } from '../../src/runtime/wasm/kernels.ts';
import type { WasmThreads } from '../../src/runtime/wasm/pool.ts';
import { benchDecoding } from './decoding.ts';
import { benchKernels, benchMixture } from './kernels.ts';
import { benchProducts } from './products.ts';
import { benchSteps } from './steps.ts';

/** What a table is made with. */
export interface Processor {
  readonly kernels: WasmKernels;
  readonly start: (threads: number) => WasmThreads;
  /** Of threads: one, and as many as cores, unless that is one. */
  readonly counts: readonly number[];
}

const tables = {
  steps: benchSteps,
  products: benchProducts,
  decoding: benchDecoding,
  kernels: benchKernels,
  mixture: benchMixture,
};

/** Names of the tables. */
export const processorTables: readonly string[] = Object.keys(tables);

/** Prints the tables that are named, or all. */
export async function benchProcessor(names: readonly string[]): Promise<void> {
  allowRelaxedSimd();
  const kernels = await loadWasmKernels(true);
  const counts = [...new Set([1, availableParallelism()])];
  const processor: Processor = { kernels, start: await nodeThreads(), counts };
  console.log(
    `${counts.at(-1)} threads, ${kernels.isRelaxed ? 'multiply-adds in one rounding' : 'plain SIMD'}`,
  );
  for (const [name, print] of Object.entries(tables))
    if (names.length === 0 || names.includes(name)) await print(processor);
}

/** A share as text. */
export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}
