// Training steps on the processor: on one thread and on all in turns, and what of them is JavaScript between dispatches.
import { signatures } from 'virtual:wasm-kernels';
import { recordTypical } from '../../src/lab/cost/calibration.ts';
import { wasmCapabilities } from '../../src/lab/plans/engine.ts';
import { median } from '../../src/lab/training/median.ts';
import { findPreset } from '../../src/model/presets/catalogue.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { type Processor, percent } from './main.ts';

const presets = ['pico', 'nano', 'nano-gpt-cpu'];
const rounds = 25;
/** Steps without kernels in a row: one takes too little to be timed. */
const emptySteps = 20;

/**
 * Milliseconds of a step on one thread and on all, how many times as quick these are, and what the same step takes of a
 * thread whose kernels do nothing: its calls, what is passed to them, and the message that asks for it.
 */
export async function benchSteps({ kernels, start, counts }: Processor): Promise<void> {
  console.log(
    '\nstep of             1 thread ms    all threads ms    times at best    in the median    JavaScript',
  );
  const pools = counts.map((count) => start(count));
  const idle = { ...kernels, module: await WebAssembly.compile(emptyKernels()) };
  for (const name of presets) {
    const recorded = recordTypical(findPreset(name)?.experiment, { capabilities: wasmCapabilities });
    if (!recorded) throw new Error(`bench: ${name} cannot be recorded.`);
    const plans = [recorded.accumulate, recorded.update];
    const runtimes = await Promise.all(pools.map((pool) => WasmRuntime.create(kernels, pool, plans)));
    const [lone] = pools;
    if (!lone) throw new Error('bench: there are no threads.');
    const without = await WasmRuntime.create(idle, lone, plans);
    const found: number[][] = [];
    let empty = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds + 2; round++) {
      const times: number[] = [];
      for (const runtime of runtimes) times.push(await stepMilliseconds(runtime, plans, 1));
      empty = Math.min(empty, await stepMilliseconds(without, plans, emptySteps));
      if (round > 1) found.push(times);
    }
    const best = runtimes.map((_, index) => Math.min(...found.map((times) => times[index] ?? Number.NaN)));
    const [one = Number.NaN, all = one] = best;
    const times = median(found.map(([alone = Number.NaN, shared = alone]) => alone / shared));
    const cells = [
      one.toFixed(2).padStart(15),
      all.toFixed(2).padStart(18),
      (one / all).toFixed(2).padStart(17),
      times.toFixed(2).padStart(17),
      percent(empty / one, 2).padStart(14),
    ];
    console.log(`${name.padEnd(16)}${cells.join('')}`);
    for (const runtime of [...runtimes, without]) runtime.dispose();
  }
  for (const pool of pools) pool.dispose();
}

async function stepMilliseconds(
  runtime: WasmRuntime,
  plans: readonly Plan[],
  steps: number,
): Promise<number> {
  const step = plans.map((plan) => ({ plan, scalars: exampleScalars }));
  const before = performance.now();
  await (await runtime.submit(Array.from({ length: steps }, () => step).flat())).done;
  return (performance.now() - before) / steps;
}

/** A module with every kernel's name and number of parameters, whose functions return at once (core specification 5). */
function emptyKernels(): Uint8Array<ArrayBuffer> {
  const functions = Object.entries(signatures);
  const [i32, functionType, functionKind, memoryKind, isShared, end] = [0x7f, 0x60, 0, 2, 3, 0x0b];
  const text = (of: string) => [...unsigned(of.length), ...new TextEncoder().encode(of)];
  const many = (parts: readonly (readonly number[])[]) => [...unsigned(parts.length), ...parts.flat()];
  const section = (id: number, body: readonly number[]) => [id, ...unsigned(body.length), ...body];
  const types = functions.map(([, { length }]) => [
    functionType,
    ...unsigned(length),
    ...new Array(length).fill(i32),
    0,
  ]);
  const memory = [
    ...text('env'),
    ...text('memory'),
    memoryKind,
    isShared,
    ...unsigned(1),
    ...unsigned(65_536),
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, many(types)),
    ...section(2, many([memory])),
    ...section(3, many(functions.map((_, index) => unsigned(index)))),
    ...section(7, many(functions.map(([name], index) => [...text(name), functionKind, ...unsigned(index)]))),
    ...section(10, many(functions.map(() => [2, 0, end]))),
  ]);
}

/** An unsigned number in seven bits a byte (LEB128). */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))];
}
