// A run that was saved on one runtime goes on on another: from a GPU to the processor, and back.
import { expect, it } from 'vitest';
import { type Engine, gpuEngine, wasmEngine } from '../../../src/lab/plans/engine.ts';
import { readCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import { checkpointOf, prepareRun } from '../../../src/lab/training/run.ts';
import { relativeError } from '../../../src/runtime/verify.ts';
import { loadWasmKernels } from '../../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../../src/runtime/wasm/pool.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { gpuChanges, takeSteps, tinyRun } from './tiny-runs.ts';

const [before, after] = [5, 4];

/** Trains, saves, and goes on with what was saved on another engine. */
async function trainOn(first: Engine, second: Engine) {
  const run = await tinyRun(gpuChanges.llama, first);
  const steps = await takeSteps(run, before);
  const checkpoint = readCheckpoint(await checkpointOf(run));
  run.runtime.dispose();
  const later = await prepareRun(second, checkpoint.experiment, { checkpoint, withSampler: false });
  steps.push(...(await takeSteps(later, after)));
  later.runtime.dispose();
  return steps;
}

describeGpu('a run that changes its runtime', () => {
  it('goes on with the next step, and the losses that it would have had', async () => {
    const gpu = gpuEngine(await getTestDevice());
    const wasm = wasmEngine(await loadWasmKernels(false), { threads: 1, start: ownThread });
    const whole = await trainOn(wasm, wasm);
    const losses = Float64Array.from(whole, ({ loss }) => loss);
    for (const [first, second] of [
      [gpu, wasm],
      [wasm, gpu],
    ] as const) {
      const steps = await trainOn(first, second);
      expect(steps.map(({ step, tokens }) => [step, tokens])).toEqual(
        whole.map(({ step, tokens }) => [step, tokens]),
      );
      const own = Float64Array.from(steps, ({ loss }) => loss);
      // Rounding differs; another batch, moment or mask of dropout would show in the second digit.
      expect(relativeError(losses, own), `${first.kind} then ${second.kind}`).toBeLessThan(1e-3);
    }
    // The steps learn something: equal losses of a model that stands still would say nothing.
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.05);
  });
});
