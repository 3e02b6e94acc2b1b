// Decode attention by itself: the share of the copy bandwidth that each way reaches, all of them and the copy in turns.
import { decodeAttention } from '../src/kernels/decode-attention.ts';
import { attentionParts } from '../src/kernels/decode-attention-parts.ts';
import { kernelNamed } from '../src/lab/plans/kernel-catalogue.ts';
import { median } from '../src/lab/training/median.ts';
import { baselineCapabilities, type Capabilities, type Dims, type Kernel } from '../src/plan/kernel.ts';
import { Tape } from '../src/plan/tape.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { GpuProbing } from '../src/runtime/timing/gpu-probing.ts';
import { probeScalarsOf, type ShapeProbe } from '../src/runtime/timing/probing.ts';

/** Heads, their size and rows of the cache: the shape of GPT-2 124M, and a longer one of fewer heads. */
const sizes = [
  [12, 64, 1024],
  [4, 64, 8192],
] as const;
const rounds = 9;
/** Repetitions in a pass: no less than a timer's grain, and little enough for a slow adapter. */
const repetitions = 8;

/** One way: dispatches after each other, and the bytes that they must touch. */
interface Way {
  readonly name: string;
  readonly work: readonly (readonly [kernel: Kernel, dims: Dims])[];
}

/** Prints microseconds, GB/s and the share of a copy of as many bytes. */
export async function benchDecodeAttention(open: OpenDevice): Promise<void> {
  for (const [heads, size, context] of sizes) {
    const record = (capabilities: Capabilities): Way['work'] => {
      const tape = new Tape({ capabilities });
      const qkv = tape.tensor('qkv', [1, 3 * heads * size]);
      const cache = tape.tensor('cache', [context, 2 * heads * size]);
      const state = tape.tensor('state', [1, 4], 'u32');
      const shape = { heads, keyValueHeads: heads, keySize: size, valueSize: size };
      decodeAttention(tape, qkv, cache, state, shape);
      return tape.dispatches.map(({ kernel, dims }) => [kernel, dims] as const);
    };
    const onePiece = record({ ...baselineCapabilities, without: new Set([attentionParts.name]) });
    const [[kernel, dims] = []] = onePiece;
    if (!kernel || !dims) throw new Error('bench: nothing was recorded.');
    const bytes = kernel.bytes(dims, probeScalarsOf(kernel, dims));
    const ways: readonly Way[] = [
      { name: 'copy', work: [[kernelNamed('copy'), { vectors: Math.round(bytes / 32) }]] },
      { name: 'one piece', work: onePiece },
      { name: 'parts', work: record(baselineCapabilities) },
      { name: 'taken here', work: record(open.capabilities) },
    ];
    const seconds = await timeAll(open, ways);
    console.log(`${heads} heads of ${size}, ${(0.75 * context).toFixed(0)} of ${context} tokens`);
    for (const [index, { name, work }] of ways.entries()) {
      const taken = seconds[index] ?? Number.NaN;
      const share = (100 * (seconds[0] ?? Number.NaN)) / taken;
      console.log(
        `  ${name.padEnd(12)}${(1e6 * taken).toFixed(0).padStart(8)} µs${(bytes / taken / 1e9).toFixed(2).padStart(9)} GB/s` +
          `${share.toFixed(0).padStart(6)} % of copying   ${work.map(([{ name: one }]) => one).join(' + ')}`,
      );
    }
  }
}

/** Median seconds of each way, taken in turns. */
async function timeAll({ device }: OpenDevice, ways: readonly Way[]): Promise<number[]> {
  const probing = new GpuProbing(device);
  try {
    const passes: (() => Promise<number>)[] = [];
    for (const { work } of ways) {
      const shapes: ShapeProbe[] = [];
      for (const [kernel, dims] of work) shapes.push(await probing.prepare(kernel, dims));
      passes.push(async () => (await probing.seconds(shapes, repetitions)) / repetitions);
    }
    const times = passes.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, pass] of passes.entries()) times[index]?.push(await pass());
    }
    return times.map(median);
  } finally {
    probing.dispose();
  }
}
