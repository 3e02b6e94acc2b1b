// Decoding on the processor, beside what its threads read from memory.
import { wasmEngine } from '../../src/lab/plans/engine.ts';
import { inferenceMemory } from '../../src/lab/plans/inference-memory.ts';
import { kernelNamed } from '../../src/lab/plans/kernel-catalogue.ts';
import { median } from '../../src/lab/training/median.ts';
import { openSampler } from '../../src/lab/training/open-sampler.ts';
import type { Dims, Scalars } from '../../src/plan/kernel.ts';
import { exampleScalars, probeOf } from '../../src/runtime/kernel-probe.ts';
import type { WasmKernels } from '../../src/runtime/wasm/kernels.ts';
import type { WasmThreads } from '../../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { llama, someWeights } from '../quantised.ts';
import { type Processor, percent } from './main.ts';

const rounds = 5;

/** Tokens a second of a Llama of 100 M parameters in f32, and the weights' bytes over the bandwidth of the same rounds. */
export async function benchDecoding({ kernels, start, counts }: Processor): Promise<void> {
  const threads = start(Math.max(...counts));
  const engine = wasmEngine(kernels, { start: () => threads, threads: threads.count });
  const bandwidth = await readBandwidth(kernels, threads);
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
  threads.dispose();
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
