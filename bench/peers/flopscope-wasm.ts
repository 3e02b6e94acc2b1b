// Ourselves without a GPU: the same step in WebAssembly, on all cores.
import { trainOn, type Work } from './flopscope.ts';

/** Trains on the processor, as the page or as the command line does. */
export async function run(work: Work) {
  if (import.meta.env.SSR) {
    const { openNodeProcessor } = await import('../../src/cli/threads/wasm.ts');
    const { engine, threads } = await openNodeProcessor();
    return trainOn(engine, work, `wasm, ${threads} threads`);
  }
  const { openProcessor } = await import('../../src/worker/processor.ts');
  const { engine, threads } = await openProcessor();
  return trainOn(engine, work, `wasm, ${threads} threads`);
}
