// What is bundled for Node and for the page: runs one competitor on the shared workload.
import { makeBatches, makeWeights } from './workload.js';

const competitors = {
  flopscope: () => import('./flopscope.ts'),
  'flopscope-wasm': () => import('./flopscope-wasm.ts'),
  'jax-js': () => import('./jax-js.js'),
  'jax-js-wasm': () => import('./jax-js-wasm.js'),
  tensorflow: () => import('./tensorflow.js'),
};

/**
 * Trains with one competitor; needs `navigator.gpu` for those on WebGPU.
 * @param {keyof typeof competitors} name
 * @param {number} steps all steps, warm-up included
 * @param {number} warmUp first steps that are not timed
 */
export async function runPeer(name, steps, warmUp) {
  const { run } = await competitors[name]();
  return run({ weights: makeWeights(), batches: makeBatches(steps), steps, warmUp });
}

globalThis.runPeer = runPeer;
