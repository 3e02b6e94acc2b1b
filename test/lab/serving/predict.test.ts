// Predictions of serving on a device of round numbers: how a batch adds up, and what bounds it.
import { describe, expect, it } from 'vitest';
import { expectWork } from '../../../src/lab/plans/expectation.ts';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { decodeWork, prefillWork } from '../../../src/lab/plans/work.ts';
import { predictServing } from '../../../src/lab/serving/predict.ts';
import { rowOf } from '../../../src/lab/serving/serve.ts';
import { createModelTensors } from '../../../src/model/tensors.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { roundProfile } from '../plans/round-profile.ts';
import { families, tinyExperiment } from '../training/tiny-runs.ts';

function plansOf(slots: number, changes: object = {}) {
  const { model } = tinyExperiment({ model: { ...families.llama, context: 64, vocabulary: 65, ...changes } });
  const tensors = createModelTensors(model, { maxBindingBytes: 2 ** 27, gradients: false });
  return recordInferencePlans(tensors, { capabilities: baselineCapabilities, slots, prompts: [32] });
}

describe('a prediction of serving', () => {
  const served = { batch: 4, prompt: 32, output: 18 };
  const plans = plansOf(4);
  const { limit, expectation } = predictServing(plans, served, roundProfile);
  const prompt = expectWork(prefillWork(plans, 0), roundProfile);
  const token = expectWork(decodeWork(plans, 40), roundProfile); // the middle of 32 to 48

  it('runs prompts one after the other and then draws from all together', () => {
    expect(token.tokens).toBe(4);
    expect(expectation.tokensPerSecond).toBeCloseTo(72 / (4 * prompt.seconds + 17 * token.seconds), 6);
    expect(expectation.firstTokenSeconds).toBeCloseTo(2.5 * prompt.seconds, 12);
    expect(expectation.betweenTokensSeconds).toBeCloseTo(token.seconds, 12);
    expect(limit.tokensPerSecond).toBeGreaterThan(expectation.tokensPerSecond);
    expect(rowOf({ profile: undefined }, plans, served).decodeFlops).toBe(token.usefulFlops);
  });

  it('has no time between tokens where there is one', () => {
    const { expectation: one } = predictServing(plans, { ...served, output: 1 }, roundProfile);
    expect(one.betweenTokensSeconds).toBe(0);
    expect(one.tokensPerSecond).toBeCloseTo(1 / prompt.seconds, 6);
  });

  it('reads weights once for the whole batch: flops grow with it, bytes hardly', () => {
    const wide = { width: 256, heads: 4, keyValueHeads: 2, vocabulary: 400 };
    const [one, many] = [1, 64].map((batch) =>
      rowOf({ profile: roundProfile }, plansOf(batch, wide), { ...served, batch }),
    );
    if (!one || !many) throw new Error('unreachable');
    expect(many.decodeFlops / one.decodeFlops).toBeCloseTo(64, 6);
    expect(many.decodeBytes / one.decodeBytes).toBeLessThan(4);
    expect([one.predicted?.bound, many.predicted?.bound]).toEqual(['bandwidth', 'arithmetic']);
    expect(many.predicted?.limit.tokensPerSecond).toBeGreaterThan(
      2 * (one.predicted?.limit.tokensPerSecond ?? Number.NaN),
    );
  });
});
