// Runs inside Deno, which has relaxed SIMD: kernels of the processor beside their references, and steps on workers of a page.
import { cpuEngine, type Engine, wasmCapabilities, wasmEngine } from '../../src/lab/plans/engine.ts';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { prepareRun } from '../../src/lab/training/run.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { familyOf } from '../../src/plan/kernel.ts';
import { type Verification, verifyOn } from '../../src/runtime/verify.ts';
import { loadWasmKernels } from '../../src/runtime/wasm/kernels.ts';
import { ownThread, workerThreads } from '../../src/runtime/wasm/pool.ts';
import type { ThreadAnswer } from '../../src/runtime/wasm/thread.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';

/** One line of the output. */
export type WasmLine =
  | { readonly kind: 'machine'; readonly isRelaxed: boolean }
  | ({ readonly kind: 'kernel' } & Verification)
  /** Losses of the same steps. */
  | { readonly kind: 'steps'; readonly wasm: readonly number[]; readonly references: readonly number[] }
  | { readonly kind: 'end' };

const say = (line: WasmLine) => console.log(JSON.stringify(line));
/** The address of the thread's code, which the test bundled. */
const [threadCode = ''] = process.argv.slice(2);

const kernels = await loadWasmKernels(true);
say({ kind: 'machine', isRelaxed: kernels.isRelaxed });

const alone = ownThread();
const seen = new Set<string>();
for (const kernel of allKernels) {
  const family = familyOf(kernel.name);
  // The last shape is the largest, and no multiple of a block.
  const dims = kernel.selfTest.at(-1);
  if (seen.has(family) || !dims || !kernels.measure(kernel, dims)) continue;
  seen.add(family);
  say({
    kind: 'kernel',
    ...(await verifyOn((plan) => WasmRuntime.create(kernels, alone, [plan]), kernel, dims)),
  });
}

const parsed = parseExperiment({
  model: { layers: 1, width: 32, heads: 2, context: 16 },
  train: { steps: 4, batch: 4, optimizer: { learningRate: 1e-2 } },
  data: { source: 'arithmetic', tokenizer: 'characters', characters: 4000 },
});
if (parsed.kind !== 'ok') throw new Error(parsed.problems[0].message);
const { experiment } = parsed;

const threads = workerThreads(2, () => {
  const worker = new Worker(threadCode, { type: 'module' });
  const { port1: port, port2: itsPort } = new MessageChannel();
  worker.postMessage(undefined, [itsPort]);
  return {
    post: (order) => port.postMessage(order),
    listen: (onAnswer, onFailure) => {
      port.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => onAnswer(data);
      worker.onerror = ({ message }) => onFailure(new Error(message));
    },
    terminate: () => worker.terminate(),
  };
});

async function losses(engine: Engine): Promise<number[]> {
  const { trainer, runtime } = await prepareRun(engine, experiment, { withSampler: false });
  const found: number[] = [];
  for (let step = 0; step < experiment.train.steps; step++)
    found.push((await (await trainer.submitStep()).record).loss);
  runtime.dispose();
  return found;
}

say({
  kind: 'steps',
  wasm: await losses(wasmEngine(kernels, { threads: 2, start: () => threads })),
  references: await losses({ ...cpuEngine(), capabilities: wasmCapabilities }),
});
threads.dispose();
say({ kind: 'end' });
