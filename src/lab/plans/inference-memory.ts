// The bytes that sampling needs, to the last one, read off its plans; and the refusal of what does not fit.
import type { Plan } from '../../plan/plan.ts';
import { pooledBufferBytes } from '../../plan/plan.ts';
import { bytesByClass, storagesOf } from '../../plan/store.ts';
import { type Storage, storageBytes } from '../../plan/tensor.ts';
import type { Engine } from './engine.ts';
import type { InferencePlans } from './inference-plans.ts';
import { LabError } from './problem.ts';

/** Bytes of everything that a runtime of these plans allocates for tensors. */
export interface InferenceMemory {
  readonly weightBytes: number;
  /** Keys and values, or latents, of all slots. */
  readonly cacheBytes: number;
  /** Activations, logits, prompts, tables and states. */
  readonly workBytes: number;
  readonly totalBytes: number;
  readonly largest: { readonly name: string; readonly bytes: number };
}

/** The plans of sampling in the order in which a runtime gets them. */
export function samplingPlans({
  prefill,
  decode,
  check,
}: Pick<InferencePlans, 'prefill' | 'decode' | 'check'>): Plan[] {
  return [...prefill.map(({ plan }) => plan), decode, ...(check ? [check.plan] : [])];
}

/** Sums the storages and pooled buffers of the plans. */
export function inferenceMemory(plans: InferencePlans): InferenceMemory {
  const all = samplingPlans(plans);
  const storages = [...all.flatMap(({ persistent }) => [...persistent]), ...storagesOf(plans.model.store)];
  const { weights = 0, cache = 0, ...others } = bytesByClass(storages);
  const pooled = pooledBufferBytes(all).reduce((sum, bytes) => sum + bytes, 0);
  const workBytes = Object.values(others).reduce((sum, bytes) => sum + bytes, pooled);
  const largest = storages.reduce((a: Storage, b) => (storageBytes(b) > storageBytes(a) ? b : a));
  return {
    weightBytes: weights,
    cacheBytes: cache,
    workBytes,
    totalBytes: weights + cache + workBytes,
    largest: { name: largest.name, bytes: storageBytes(largest) },
  };
}

/**
 * Checks the plans against the memory of the machine.
 * @param draft plans of a model that drafts for this one, which is there at the same time
 * @throws LabError that says what needs how much, and the limit
 */
export function checkInferenceMemory(
  { memoryBytes }: Pick<Engine, 'memoryBytes'>,
  plans: InferencePlans,
  draft?: InferencePlans,
): void {
  const { totalBytes, largest } = inferenceMemory(plans);
  const draftBytes = draft ? inferenceMemory(draft).totalBytes : 0;
  if (memoryBytes === undefined || totalBytes + draftBytes <= memoryBytes) return;
  const limit = `more than the ${memoryBytes} of this machine`;
  const large = `the largest is ${largest.name} with ${largest.bytes} bytes`;
  const message = draft
    ? `sampling: the model's ${describeNeed(plans)}, and its draft's ${describeNeed(draft)}: together ` +
      `${totalBytes + draftBytes}, ${limit}; ${large}. Lower the context, or draft with a smaller model or with n-grams.`
    : `sampling: ${describeNeed(plans)}, ${limit}; ${large}. Lower the batch, the context or the model.`;
  throw new LabError({ kind: 'tooLarge', message });
}

function describeNeed(plans: InferencePlans): string {
  const { weightBytes, cacheBytes, workBytes, totalBytes } = inferenceMemory(plans);
  const texts = plans.slots === 1 ? 'one text' : `${plans.slots} texts`;
  return (
    `weights of ${weightBytes} bytes, caches of ${cacheBytes} for ${texts} of ${plans.model.config.context} tokens and ` +
    `${workBytes} to work with need ${totalBytes} bytes`
  );
}
