// Memory of sampling: to the byte what a runtime allocates, and refused before anything is.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { checkInferenceMemory, inferenceMemory } from '../../../src/lab/plans/inference-memory.ts';
import { cacheLength, cacheWidth } from '../../../src/model/attention-config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { batchModels, batchSampler } from '../sampling/batch-models.ts';

describe.each(Object.entries(batchModels))('the memory of a batch of a model with %s', (_, model) => {
  it.each([
    [1, 'f32'],
    [5, 'f32'],
    [3, 'int8'],
  ] as const)(
    'of %i is what is allocated, and its caches of %s are a ring a slot and layer',
    async (slots, cache) => {
      const { plans, runtime } = await batchSampler(cpuEngine(), model, slots, () => undefined, cache);
      const { weightBytes, cacheBytes, workBytes, totalBytes } = inferenceMemory(plans);
      expect(totalBytes).toBe(runtime.allocatedBytes);
      expect(weightBytes + cacheBytes + workBytes).toBe(totalBytes);
      const { config } = plans.model;
      const rows = [0, 1].reduce((sum, layer) => sum + cacheLength(config, layer), 0);
      expect(cacheBytes).toBe(4 * slots * rows * cacheWidth(config, cache));
      expect(weightBytes).toBeGreaterThanOrEqual(4 * countParameters(config));
    },
  );
});

it('more than the machine has is refused with all parts, the largest tensor and the limit', async () => {
  const { plans } = await batchSampler(cpuEngine(), batchModels.windows, 64);
  const { cacheBytes, totalBytes } = inferenceMemory(plans);
  expect(() => checkInferenceMemory({ memoryBytes: totalBytes }, plans)).not.toThrow();
  expect(() => checkInferenceMemory({}, plans)).not.toThrow();
  const message = new RegExp(
    `caches of ${cacheBytes} for 64 texts of 24 tokens .* need ${totalBytes} bytes, more than the ${totalBytes - 1} of ` +
      'this machine; the largest is .* bytes. Lower the batch',
  );
  expect(() => checkInferenceMemory({ memoryBytes: totalBytes - 1 }, plans)).toThrow(message);
});

it('of a model and its draft is checked together, and both are named', async () => {
  const [target, draft] = await Promise.all(
    [batchModels.experts, batchModels.windows].map((model) => batchSampler(cpuEngine(), model, 1)),
  );
  if (!target || !draft) throw new Error('test: two models are needed.');
  const [own, other] = [inferenceMemory(target.plans).totalBytes, inferenceMemory(draft.plans).totalBytes];
  const check = (memoryBytes: number) => checkInferenceMemory({ memoryBytes }, target.plans, draft.plans);
  expect(() => check(own + other)).not.toThrow();
  expect(() => check(own + other - 1)).toThrow(
    new RegExp(
      `the model's .* need ${own} bytes, and its draft's .* need ${other} bytes: together ${own + other}, more than`,
    ),
  );
});
