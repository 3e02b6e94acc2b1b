// The processor's cores without a GPU: products beside its peak, each kernel beside its reference, decoding beside the memory's
// read bandwidth, and the step of a mixture with its experts by WASM and by references.
import { availableParallelism } from 'node:os';
import { allowRelaxedSimd, nodeThreads } from '../src/cli/wasm-threads.ts';
import { recordTypical } from '../src/lab/cost/calibration.ts';
import { type Engine, wasmCapabilities, wasmEngine } from '../src/lab/plans/engine.ts';
import { inferenceMemory } from '../src/lab/plans/inference-memory.ts';
import { allKernels, kernelNamed } from '../src/lab/plans/kernel-catalogue.ts';
import { median } from '../src/lab/training/median.ts';
import { openSampler } from '../src/lab/training/open-sampler.ts';
import { prepareRun } from '../src/lab/training/run.ts';
import { parseExperiment } from '../src/model/config.ts';
import { findPreset } from '../src/model/presets/catalogue.ts';
import { type Dims, familyOf, type Kernel, type Scalars } from '../src/plan/kernel.ts';
import { CpuRuntime } from '../src/runtime/cpu-runtime.ts';
import { exampleScalars, probeOf } from '../src/runtime/kernel-probe.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import type { ShapeProbe } from '../src/runtime/timing/probing.ts';
import { WasmProbing } from '../src/runtime/timing/wasm-probing.ts';
import { loadWasmKernels, type WasmKernels } from '../src/runtime/wasm/kernels.ts';
import type { WasmThreads } from '../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../src/runtime/wasm-runtime.ts';
import { llama, someWeights } from './quantised.ts';

const rounds = 5;
/** Families whose parts of a mixture's step are compared. */
const ofExperts = /^(router|expert|groupedMatmul)/;

/** Prints the four tables. */
export async function benchProcessor(): Promise<void> {
  allowRelaxedSimd();
  const kernels = await loadWasmKernels(true);
  const start = await nodeThreads();
  const count = availableParallelism();
  console.log(`${count} threads, ${kernels.isRelaxed ? 'multiply-adds in one rounding' : 'plain SIMD'}`);
  const threads = start(count);
  await benchProducts(kernels, start, count);
  await benchKernels(kernels, threads);
  const engine = wasmEngine(kernels, { start: () => threads, threads: threads.count });
  await benchDecoding(engine, await readBandwidth(kernels, threads));
  await benchMixture(kernels, threads);
  threads.dispose();
}

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
async function benchProducts(
  kernels: WasmKernels,
  start: (count: number) => WasmThreads,
  count: number,
): Promise<void> {
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
  for (const threads of new Set([1, count])) {
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

/** Milliseconds of one kernel of each family at the second shape of its calibration, or at its last self-test. */
async function benchKernels(kernels: WasmKernels, threads: WasmThreads): Promise<void> {
  console.log('\nkernel                       reference ms    WASM ms    ratio');
  const families = new Map<string, Kernel>();
  for (const kernel of allKernels) families.set(familyOf(kernel.name), kernel);
  for (const [family, kernel] of families) {
    const dims = kernel.calibration?.[1] ?? kernel.selfTest.at(-1);
    if (!dims || !kernels.measure(kernel, dims)) continue;
    const { plan, storages } = probeOf(kernel, dims);
    const scalars = { ...exampleScalars, ...kernel.probeScalars?.(dims) };
    const own = await WasmRuntime.create(kernels, threads, [plan]);
    const reference = new CpuRuntime([plan]);
    const [slow, fast] = [await time(reference, 1), await time(own, 20)];
    const numbers = [slow, fast].map((seconds) => (1000 * seconds).toFixed(3).padStart(12));
    console.log(`${family.padEnd(28)}${numbers.join('')}${(slow / fast).toFixed(0).padStart(8)}`);
    own.dispose();

    async function time(runtime: Runtime, repeats: number): Promise<number> {
      const times: number[] = [];
      for (let round = 0; round < 3; round++) {
        for (const { whole, values } of storages) runtime.write(whole, values);
        const before = performance.now();
        await (await runtime.submit(new Array(repeats).fill({ plan, scalars }))).done;
        times.push((performance.now() - before) / 1000 / repeats);
      }
      return Math.min(...times);
    }
  }
}

/** Bytes a second that all threads read from memory: the sum of squares of 256 MiB, the quickest of some rounds. */
async function readBandwidth(kernels: WasmKernels, threads: WasmThreads): Promise<() => Promise<number>> {
  const elements = 2 ** 26;
  const kernel = kernelNamed('gradientNorm.sumSquares');
  const dims: Dims = { elements, groups: 2 ** 10 };
  const { plan } = probeOf(kernel, dims);
  const runtime = await WasmRuntime.create(kernels, threads, [plan]);
  const scalars: Scalars = exampleScalars;
  return async () => {
    const before = performance.now();
    await (await runtime.submit([{ plan, scalars }])).done;
    return (4 * elements * 1000) / (performance.now() - before);
  };
}

/** Tokens a second of a Llama of 100 M parameters in f32, and the weights' bytes over the bandwidth of the same rounds. */
async function benchDecoding(engine: Engine, bandwidth: () => Promise<number>): Promise<void> {
  const model = llama();
  const [promptTokens, maximumTokens] = [8, 16];
  const needs = { promptTokens, maximumTokens, useCache: true, weights: 'f32' } as const;
  const opened = await openSampler(engine, { model, weights: someWeights(model) }, needs);
  const options = { maximumTokens, temperature: 0.8, topK: 40, topP: 0.95, seed: 1 };
  const prompt = Array.from({ length: promptTokens }, (_, index) => index);
  const bytes = inferenceMemory(opened.plans).weightBytes;
  console.log('\ntokens/s    weights read GB/s    memory GB/s    share');
  const shares: number[] = [];
  for (let round = 0; round < rounds + 1; round++) {
    const memory = await bandwidth();
    const { decodedTokens, decodeSeconds } = await opened.sampler.generate(prompt, options);
    const rate = decodedTokens / decodeSeconds;
    if (round === 0) continue;
    shares.push((rate * bytes) / memory);
    const numbers = [rate, (rate * bytes) / 1e9, memory / 1e9].map((value) => value.toFixed(2).padStart(12));
    console.log(`${numbers.join('')}${percent(shares.at(-1) ?? 0).padStart(9)}`);
  }
  console.log(`median share of the bandwidth: ${percent(median(shares))}`);
  opened.runtime.dispose();
}

/** Milliseconds of a step of Mixtral's miniature, with the experts' kernels and without. */
async function benchMixture(kernels: WasmKernels, threads: WasmThreads): Promise<void> {
  const byReference: WasmKernels = {
    ...kernels,
    measure: (kernel, dims) => (ofExperts.test(kernel.name) ? undefined : kernels.measure(kernel, dims)),
  };
  console.log('\nstep of mixtral-mini          ms');
  for (const [name, used] of [
    ['experts by references', byReference],
    ['experts by WASM', kernels],
  ] as const) {
    const parsed = parseExperiment(findPreset('mixtral-mini')?.experiment);
    if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
    const engine = wasmEngine(used, { start: () => threads, threads: threads.count });
    const { trainer, runtime } = await prepareRun(engine, parsed.experiment, { withSampler: false });
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = performance.now();
      await (await trainer.submitStep()).record;
      times.push(performance.now() - before);
    }
    console.log(`${name.padEnd(24)}${median(times).toFixed(1).padStart(8)}`);
    runtime.dispose();
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
