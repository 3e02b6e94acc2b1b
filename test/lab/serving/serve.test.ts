// One batch from plans to figures on the reference loops: what is refused before, and what is known before and after.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { freshWeights } from '../../../src/lab/plans/open-model.ts';
import { storedArrays } from '../../../src/lab/plans/parameter-io.ts';
import { planServing, rowOf, serveBatch } from '../../../src/lab/serving/serve.ts';
import { roundProfile } from '../plans/round-profile.ts';
import { families, tinyExperiment } from '../training/tiny-runs.ts';

const { model } = tinyExperiment({ model: { ...families.llama, context: 24, vocabulary: 30 } });
const served = { batch: 3, prompt: 5, output: 7 };

describe('a batch', () => {
  it('has its memory and its prediction before it is served, and its figures after', async () => {
    const engine = cpuEngine();
    const plans = await planServing(engine, model, served);
    expect([plans.slots, plans.model.config.context]).toEqual([3, 12]);
    expect(rowOf(engine, plans, served).predicted).toBeUndefined();
    const row = rowOf({ profile: roundProfile }, plans, served);
    expect(row).toMatchObject({ ...served, cacheBytes: 4 * 3 * 12 * 2 * 16 });
    expect(row.totalBytes).toBeGreaterThan(row.weightBytes + row.cacheBytes);
    expect(row.predicted?.expectation.tokensPerSecond).toBeGreaterThan(0);
    const weights = storedArrays(freshWeights(model, 1));
    const measured = await serveBatch(engine, { model, weights }, served, { repeats: 1, seed: 1 });
    expect(measured.tokensPerSecond).toBeGreaterThan(0);
  });

  it('is refused where its texts outgrow the context, or it outgrows the machine', async () => {
    const long = planServing(cpuEngine(), model, { ...served, output: 20 });
    await expect(long).rejects.toThrow('are 25, more than the context of 24');
    const large = planServing(cpuEngine(50_000), model, { ...served, batch: 100 });
    await expect(large).rejects.toThrow(/for 100 texts of 12 tokens .* more than the 50000 of this machine/);
  });
});
