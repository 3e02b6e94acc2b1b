// Forced decoding: given tokens go through a model one by one, each beside the cache of those before it, and every position's
// logits are handed on. What a sampler's numbers are, caches included, whatever it would have drawn.
import { slotNumbers } from '../../kernels/slots.ts';
import type { ModelConfig } from '../../model/config.ts';
import { createModelTensors } from '../../model/tensors.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import { atContext } from '../../model/working-context.ts';
import { bytesByClass, storagesOf } from '../../plan/store.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { checkCapacity } from '../plans/capacity.ts';
import type { Engine } from '../plans/engine.ts';
import { checkInferenceMemory, inferenceMemory } from '../plans/inference-memory.ts';
import { type InferencePlans, recordInferencePlans } from '../plans/inference-plans.ts';
import { openModel, storedAtContext } from '../plans/open-model.ts';
import type { StoredWeights } from '../plans/parameter-io.ts';
import { stage } from '../plans/problem.ts';

/** Rows that are decoded together, and how long they are. */
export interface ForcedShape extends InferenceFormats {
  readonly batch: number;
  /** Tokens of a row, at most the model's context. */
  readonly time: number;
}

/** What logits [V] say of a target: its loss in nats, and the most likely token. */
export function scoreLogits(logits: Float32Array, target: number): { loss: number; choice: number } {
  let choice = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[choice]) choice = token;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[choice]);
  return { loss: Math.log(sum) + logits[choice] - logits[target], choice };
}

/** A model that decodes what it is given. The caller disposes of it. */
export class ForcedDecoding {
  readonly #runtime: Runtime;
  readonly #plans: InferencePlans;

  private constructor(runtime: Runtime, plans: InferencePlans) {
    this.#runtime = runtime;
    this.#plans = plans;
  }

  /** @throws LabError where the device has no room */
  static async open(
    engine: Engine,
    { model, weights: stored }: { readonly model: ModelConfig; readonly weights: StoredWeights },
    { batch, time, weights = 'f32', unquantised = [], cache = 'f32' }: ForcedShape,
  ): Promise<ForcedDecoding> {
    const config = { ...atContext(model, time), dropout: 0 };
    const plans = await stage('tooLarge', () => {
      checkCapacity(engine, config, 1, { weights, unquantised });
      const { maxBindingBytes } = engine.capabilities;
      const tensors = createModelTensors(config, { maxBindingBytes, gradients: false, weights, unquantised });
      return recordInferencePlans(tensors, { ...engine, slots: batch, prompts: [], cache });
    });
    checkInferenceMemory(engine, plans);
    const runtime = await openModel(engine, [plans.decode], plans.model, storedAtContext(config, stored));
    return new ForcedDecoding(runtime, plans);
  }

  /**
   * Decodes rows, at most as many as the batch, side by side.
   * @param onLogits gets the logits [V] of each position of each row: rows in turn within a position
   */
  async decode(
    rows: readonly ArrayLike<number>[],
    onLogits: (logits: Float32Array, row: number, position: number) => void,
  ): Promise<void> {
    const { slots, state, logits, decode } = this.#plans;
    const { vocabulary } = this.#plans.model.config;
    const longest = rows.reduce((most, { length }) => Math.max(most, length), 0);
    for (let position = 0; position < longest; position++) {
      const states = new Uint32Array(slots * slotNumbers);
      // A row that is over repeats its last token, whose logits nobody takes.
      rows.forEach((row, slot) => {
        const at = Math.max(0, Math.min(position, row.length - 1));
        states.set([at, row[at] ?? 0], slot * slotNumbers);
      });
      this.#runtime.write(state, states);
      await this.#runtime.submit([{ plan: decode, scalars: { position } }]);
      const found = (await this.#runtime.read(logits)) as Float32Array;
      rows.forEach((row, slot) => {
        if (position >= row.length) return;
        onLogits(found.subarray(slot * vocabulary, (slot + 1) * vocabulary), slot, position);
      });
    }
  }

  /** Bytes of the weights, padding included. */
  get weightBytes(): number {
    return bytesByClass(storagesOf(this.#plans.model.store)).weights ?? 0;
  }

  /** Bytes of the caches of all rows. */
  get cacheBytes(): number {
    return inferenceMemory(this.#plans).cacheBytes;
  }

  dispose(): void {
    this.#runtime.dispose();
  }
}
