// Decoding on the processor, beside what its threads read from memory.
import { wasmEngine } from '../../src/lab/plans/engine.ts';
import { inferenceMemory } from '../../src/lab/plans/inference-memory.ts';
import { kernelNamed } from '../../src/lab/plans/kernel-catalogue.ts';
import { median } from '../../src/lab/training/median.ts';
import { openSampler } from '../../src/lab/training/open-sampler.ts';
import { exampleScalars, probeOf } from '../../src/runtime/kernel-probe.ts';
import type { WasmKernels } from '../../src/runtime/wasm/kernels.ts';
import type { WasmThreads } from '../../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { llama, someWeights } from '../quantised.ts';
import { type Processor, percent } from './main.ts';

const rounds = 10;
/** Places of memory that the second reader reads in turns, a cache line of each. */
const streams = 32;

/**
 * Tokens a second of a Llama of 100 M parameters in f32, beside two readers of as many bytes: the squares of one piece of
 * memory after the other, and sums over rows far apart, which processors fetch ahead of time. The share is of the quicker
 * one, each at its best of all rounds, in turns.
 */
export async function benchDecoding({ kernels, start, counts }: Processor): Promise<void> {
  console.log(
    '\nthreads    tokens/s    weights GB/s    one stream    32 streams    share at best    in the median',
  );
  for (const count of counts) {
    const threads = start(count);
    const model = llama();
    const [promptTokens, maximumTokens] = [8, 16];
    const needs = { promptTokens, maximumTokens, useCache: true, weights: 'f32' } as const;
    const engine = wasmEngine(kernels, { start: () => threads, threads: count });
    const opened = await openSampler(engine, { model, weights: someWeights(model) }, needs);
    const options = { maximumTokens, temperature: 0.8, topK: 40, topP: 0.95, seed: 1 };
    const prompt = Array.from({ length: promptTokens }, (_, index) => index);
    const bytes = inferenceMemory(opened.plans).weightBytes;
    const readers = await openReaders(kernels, threads, bytes);
    const found: { readonly tokens: number; readonly one: number; readonly many: number }[] = [];
    for (let round = 0; round < rounds + 1; round++) {
      const [one, many] = [await readers.one(), await readers.many()];
      const { decodedTokens, decodeSeconds } = await opened.sampler.generate(prompt, options);
      if (round > 0) found.push({ tokens: decodedTokens / decodeSeconds, one, many });
    }
    const best = (of: 'tokens' | 'one' | 'many') => Math.max(...found.map((round) => round[of]));
    const [tokens, one, many] = [best('tokens'), best('one'), best('many')];
    const shares = found.map((round) => (round.tokens * bytes) / Math.max(round.one, round.many));
    const rates = [(tokens * bytes) / 1e9, one / 1e9, many / 1e9].map((rate) => rate.toFixed(1).padStart(14));
    const ofBest = percent((tokens * bytes) / Math.max(one, many)).padStart(17);
    console.log(
      `${`${count}`.padStart(7)}${tokens.toFixed(1).padStart(12)}${rates.join('')}${ofBest}${percent(median(shares)).padStart(17)}`,
    );
    readers.dispose();
    opened.runtime.dispose();
    threads.dispose();
  }
}

/** Bytes a second that all threads read of so many bytes, in one place after the other and in many at a time. */
async function openReaders(kernels: WasmKernels, threads: WasmThreads, bytes: number) {
  const xStride = Math.floor(bytes / 4 / streams);
  const bare = { slices: 1, hasBias: 0, hasResidual: 0, accumulate: 0 };
  const one = await readerOf('gradientNorm.sumSquares', { elements: streams * xStride, groups: 1024 });
  const many = await readerOf('columnSum', { rows: streams, columns: xStride, xStride, ...bare });
  return {
    one: one.bytesPerSecond,
    many: many.bytesPerSecond,
    dispose: () => {
      one.runtime.dispose();
      many.runtime.dispose();
    },
  };

  async function readerOf(name: string, dims: Readonly<Record<string, number>>) {
    const { plan, storages } = probeOf(kernelNamed(name), dims);
    const runtime = await WasmRuntime.create(kernels, threads, [plan]);
    // Memory that nothing was written to is one page of zeros, whatever is read of it: a cache's rate.
    for (const { whole, values } of storages) runtime.write(whole, values);
    const bytesPerSecond = async () =>
      (4 * streams * xStride) / (await runtime.secondsOf([{ plan, scalars: exampleScalars, index: 0 }], 1));
    return { runtime, bytesPerSecond };
  }
}
