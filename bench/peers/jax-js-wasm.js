// The same step as jax-js.js on the CPU: its WebAssembly device, on all cores where the page is cross-origin isolated.
import { run as runOn } from './jax-js.js';

/**
 * Trains on the batches in order.
 * @param {import('./workload.js').Work} work
 * @returns {Promise<import('./workload.js').Outcome>}
 */
export function run(work) {
  return runOn(work, 'wasm');
}
