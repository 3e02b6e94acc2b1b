// Matrix products on the processor, beside what chain-free multiply-adds reach.
import { recordTypical } from '../../src/lab/cost/calibration.ts';
import { wasmCapabilities } from '../../src/lab/plans/engine.ts';
import { kernelNamed } from '../../src/lab/plans/kernel-catalogue.ts';
import { findPreset } from '../../src/model/presets/catalogue.ts';
import { type Dims, familyOf, type Kernel } from '../../src/plan/kernel.ts';
import type { ShapeProbe } from '../../src/runtime/timing/probing.ts';
import { WasmProbing } from '../../src/runtime/timing/wasm-probing.ts';
import type { WasmKernels } from '../../src/runtime/wasm/kernels.ts';
import type { WasmThreads } from '../../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { type Processor, percent } from './main.ts';

/** A kernel of which a pass is timed, and what it is called. */
interface Timed {
  readonly name: string;
  readonly flops: number;
  readonly kernel: Kernel;
  readonly dims: Dims;
}

/**
 * Products of 512³ and those of a step of nanoGPT's CPU configuration with most flops, as a share of what chain-free
 * multiply-adds reach on as many threads: on one, and on all with how many times as quick they are.
 */
export async function benchProducts({ kernels, start, counts }: Processor): Promise<void> {
  const arithmetic = kernelNamed('fmaPeak/vector');
  const [dims = {}] = arithmetic.calibration;
  const products = productsOf('nano-gpt-cpu');
  const peak: Timed = {
    name: 'multiply-adds without chains',
    flops: arithmetic.usefulFlops(dims, {}),
    kernel: arithmetic,
    dims,
  };
  const rates: number[][] = [];
  for (const threads of counts) {
    const pool = start(threads);
    rates.push(await ratesOf(kernels, pool, [peak, ...products]));
    pool.dispose();
  }
  console.log(
    '\nproduct [rows × columns × inner]      1 thread GFLOP/s    share    all threads    share    times',
  );
  for (const [index, { name }] of [peak, ...products].entries()) {
    const cells = rates.flatMap((of) => {
      const [rate = 0, best = 0] = [of[index], of[0]];
      return [(rate / 1e9).toFixed(1).padStart(14), percent(rate / best).padStart(9)];
    });
    const times = (rates.at(-1)?.[index] ?? 0) / (rates[0]?.[index] ?? 1);
    console.log(`${name.padEnd(42)}${cells.join('')}${times.toFixed(2).padStart(9)}`);
  }
}

/** Products of a preset's training step with most flops, and 512³ in all layouts. */
function productsOf(preset: string): Timed[] {
  const plans = recordTypical(findPreset(preset)?.experiment, { capabilities: wasmCapabilities });
  const found = new Map<string, Timed>();
  for (const { kernel, dims } of plans?.accumulate.dispatches ?? []) {
    const { rows = 0, columns = 0, inner = 0 } = dims;
    if (!kernel.name.startsWith('matmul.')) continue;
    const name = `${familyOf(kernel.name)} ${rows} × ${columns} × ${inner}`;
    found.set(name, { name, flops: kernel.usefulFlops(dims, {}), kernel, dims });
  }
  const side = 512;
  const cubes = ['nn', 'nt', 'tn'].map((layout): Timed => {
    const kernel = kernelNamed(`matmul.${layout}/plain`);
    const [natural = {}] = kernel.calibration;
    const sizes = { rows: side, columns: side, inner: side, xStride: side, wStride: side, yStride: side };
    const dims = { ...natural, ...sizes };
    return { name: `matmul.${layout} ${side}³`, flops: kernel.usefulFlops(dims, {}), kernel, dims };
  });
  return [...cubes, ...[...found.values()].sort((a, b) => b.flops - a.flops).slice(0, 12)];
}

/** Flops a second of each at its quickest, all of them in turns: what else the machine does meets them alike. */
async function ratesOf(kernels: WasmKernels, threads: WasmThreads, all: readonly Timed[]): Promise<number[]> {
  const probing = new WasmProbing((plans, extra, scratch) =>
    WasmRuntime.create(kernels, threads, plans, extra, scratch),
  );
  const probes: ShapeProbe[] = [];
  for (const { kernel, dims } of all) probes.push(await probing.prepare(kernel, dims));
  const best = all.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 40; round++) {
    for (const [index, { time }] of probes.entries())
      best[index] = Math.min(best[index] ?? Number.POSITIVE_INFINITY, await time(1));
  }
  probing.dispose();
  return all.map(({ flops }, index) => flops / (best[index] ?? 1));
}
