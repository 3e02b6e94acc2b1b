// Texts in one batch on a GPU and on WASM: in the same batch size each draws the tokens that it draws alone.
import { expect, it } from 'vitest';
import { gpuEngine, wasmEngine } from '../../../src/lab/plans/engine.ts';
import { loadWasmKernels } from '../../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../../src/runtime/wasm/pool.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { batchModels, batchSampler, drawAlone, drawTogether, texts } from './batch-models.ts';

describeGpu('texts in a batch on a GPU', () => {
  it.each([
    ['windows', 'f32'],
    ['latents', 'f32'],
    ['latents', 'int8'],
  ] as const)('of a model with %s, beside caches of %s', async (name, cache) => {
    const engine = gpuEngine(await getTestDevice());
    const { runtime, sampler } = await batchSampler(engine, batchModels[name], 3, () => undefined, cache);
    const alone = await drawAlone(sampler, texts);
    expect(alone.map((tokens) => tokens.length)).toEqual([12, 33, 3, 18, 5]);
    expect(await drawTogether(sampler, texts)).toEqual(alone);
    runtime.dispose();
  });
});

it('texts in a batch on WASM', async () => {
  const kernels = await loadWasmKernels(false);
  const engine = wasmEngine(kernels, { threads: 1, start: ownThread });
  const { runtime, sampler } = await batchSampler(engine, batchModels.windows, 3);
  expect(await drawTogether(sampler, texts)).toEqual(await drawAlone(sampler, texts));
  runtime.dispose();
});
