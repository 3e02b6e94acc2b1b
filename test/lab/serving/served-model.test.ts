// Configurations in the closed forms of serving, held against their recorded plans.
import { describe, expect, it } from 'vitest';
import { inferenceMemory } from '../../../src/lab/plans/inference-memory.ts';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { servedModelOf } from '../../../src/lab/serving/served-model.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { createModelTensors } from '../../../src/model/tensors.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { cacheBytesOf, decodeStep } from '../../../src/theory/serving.ts';
import { batchModels } from '../sampling/batch-models.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

const single = { weightBits: 32, cacheBits: 32 };
const device = { memoryBytes: 1e9, bytesPerSecond: 1e9, flopsPerSecond: 1e9 };

describe.each(Object.entries(batchModels))('a model with %s', (_, changes) => {
  const { model } = tinyExperiment({ model: { ...changes, width: 64, context: 24, vocabulary: 300 } });
  const served = servedModelOf(model);
  const tensors = createModelTensors(model, { maxBindingBytes: 2 ** 27, gradients: false });

  it.each([1, 7])('in a batch of %i has the flops of its plan, and its caches to the byte', (slots) => {
    const plans = recordInferencePlans(tensors, { capabilities: baselineCapabilities, slots, prompts: [] });
    const position = 15;
    const counted = plans.decode.dispatches
      .filter(({ kernel }) => ['product', 'expertProduct', 'router', 'attention'].includes(kernel.role))
      .reduce((sum, { kernel, dims }) => sum + (kernel.countedFlops?.(dims, { position }) ?? 0), 0);
    const step = decodeStep(served, { batch: slots, context: position + 1 }, single, device);
    // The closed form also counts biases and the weights of norms, and the embedding's scale.
    expect(counted / step.flops).toBeGreaterThan(0.97);
    expect(counted / step.flops).toBeLessThan(1.0001);
    expect(served.parameters).toBe(countParameters(model));
    expect(cacheBytesOf(served, { batch: slots, context: 24 }, single)).toBe(
      inferenceMemory(plans).cacheBytes,
    );
  });
});
