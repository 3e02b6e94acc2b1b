// Samplers sized by what is asked: the same tokens as with the whole context, shorter where there is no room.
import { describe, expect, it } from 'vitest';
import { cpuEngine, type Engine } from '../../../src/lab/plans/engine.ts';
import { inferenceMemory } from '../../../src/lab/plans/inference-memory.ts';
import type { SamplingOptions } from '../../../src/lab/sampling/options.ts';
import { openSampler } from '../../../src/lab/training/open-sampler.ts';
import { weightsOf } from '../../../src/lab/training/run.ts';
import type { SamplingNeeds } from '../../../src/lab/training/sampling-needs.ts';
import { storedWeights } from '../plans/stored-weights.ts';
import { families, takeSteps, tinyRun } from './tiny-runs.ts';

const greedy: SamplingOptions = { maximumTokens: 12, temperature: 0, topK: 0, topP: 1, seed: 1 };
const prompt = [5, 3, 9];
const needs: SamplingNeeds = { promptTokens: 3, maximumTokens: 12, useCache: true };

async function modelOf(changes: object = {}) {
  const run = await tinyRun({ model: { ...families.gpt2, context: 64, ...changes } });
  await takeSteps(run, 4);
  return { model: run.experiment.model, weights: storedWeights(await weightsOf(run), 100) };
}

/** The same weights with a context of 65 536, which rotary positions have no parameters for. */
function longContext({ model, weights }: Awaited<ReturnType<typeof modelOf>>) {
  return { model: { ...model, context: 65_536 }, weights };
}

describe('a sampler', () => {
  it.each([
    ['learned positions', {}],
    ['rotary positions', families.llama],
    ['windows', { ...families.llama, windowPattern: 'LG', window: 4, localRopeBase: 500 }],
    ['sines and cosines', { position: 'sinusoidal' }],
  ])('with %s draws in a context of what is needed what it draws in all of it', async (_, changes) => {
    const files = await modelOf(changes);
    for (const useCache of [true, false]) {
      const asked = { ...needs, useCache };
      const small = await openSampler(cpuEngine(), files, asked);
      const whole = await openSampler(cpuEngine(), files, { ...asked, context: 64 });
      expect([small.context, small.reason, whole.context]).toEqual([15, undefined, 64]);
      const options = { ...greedy, useCache };
      const { tokens } = await small.sampler.generate(prompt, options);
      expect(tokens).toEqual((await whole.sampler.generate(prompt, options)).tokens);
      expect(small.runtime.allocatedBytes).toBeLessThan(whole.runtime.allocatedBytes);
    }
  });

  it('sees no more than the model, and goes on past it', async () => {
    const files = await modelOf();
    const { sampler, context } = await openSampler(cpuEngine(), files, { ...needs, maximumTokens: 90 });
    expect(context).toBe(64);
    expect((await sampler.generate(prompt, { ...greedy, maximumTokens: 90 })).tokens).toHaveLength(90);
  });

  it('sees less where the device binds too little, and says why', async () => {
    const files = longContext(await modelOf(families.llama));
    const engine = cpuEngine();
    const capabilities = { ...engine.capabilities, maxBindingBytes: 64 * 1024 };
    const asked = { ...needs, maximumTokens: 60_000 };
    const opened = await openSampler({ ...engine, capabilities }, files, asked);
    expect(Math.log2(opened.context) % 1).toBe(0);
    expect(opened.context).toBeLessThan(60_003);
    expect(opened.reason).toMatch(/more than this device binds at once \(65536\)/);
    const { tokens } = await opened.sampler.generate(prompt, greedy);
    expect(tokens).toHaveLength(12);
  });

  it('refuses a model and its draft that do not fit together, before either is opened', async () => {
    const files = await modelOf(families.llama);
    const asked = { ...needs, context: 15, draft: { source: files, tokens: 4 } };
    const { runtime, draftPlans, dispose } = await openSampler(cpuEngine(), files, asked);
    if (!draftPlans) throw new Error('test: a model should draft.');
    const together = runtime.allocatedBytes + inferenceMemory(draftPlans).totalBytes;
    dispose();
    let opened = 0;
    const engineOf = (memoryBytes: number): Engine => {
      const engine = cpuEngine(memoryBytes);
      const { createRuntime } = engine;
      engine.createRuntime = (...given) => {
        opened++;
        return createRuntime(...given);
      };
      return engine;
    };
    await expect(openSampler(engineOf(together - 1), files, asked)).rejects.toThrow(
      `together ${together}, more`,
    );
    expect(opened).toBe(0);
    (await openSampler(engineOf(together), files, asked)).dispose();
    expect(opened).toBe(2);
  });

  it('refuses a context that was asked for and does not fit, or that the model does not have', async () => {
    const files = longContext(await modelOf(families.llama));
    const engine = cpuEngine();
    const capabilities = { ...engine.capabilities, maxBindingBytes: 64 * 1024 };
    const tooLong = openSampler({ ...engine, capabilities }, files, { ...needs, context: 60_000 });
    await expect(tooLong).rejects.toThrow(/more than this device binds at once/);
    const beyond = openSampler(engine, files, { ...needs, context: 70_000 });
    await expect(beyond).rejects.toThrow('a context of 70000 is more than the 65536 of the model');
  });
});
