// Turns of a conversation: what the cache holds is not run through the model again, what is drawn stays the same.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { reusableTokens } from '../../../src/lab/sampling/held-text.ts';
import type { SamplingOptions } from '../../../src/lab/sampling/options.ts';
import { Sampler } from '../../../src/lab/sampling/sampler.ts';
import type { Runtime } from '../../../src/runtime/runtime.ts';
import { batchModels, batchSampler } from './batch-models.ts';

const greedy: SamplingOptions = { maximumTokens: 3, temperature: 0, topK: 0, topP: 1, seed: 1 };
const kept: SamplingOptions = { ...greedy, weightsVersion: 7 };
const names = Object.keys(batchModels) as (keyof typeof batchModels)[];

/** A sampler whose dispatches are counted. */
async function counted(name: keyof typeof batchModels) {
  const { runtime, plans } = await batchSampler(cpuEngine(), batchModels[name], 1);
  let dispatches = 0;
  const counting = new Proxy(runtime, {
    get: (target, key) => {
      if (key === 'submit') {
        const submit: Runtime['submit'] = (replays, reads) => {
          for (const { plan } of replays) dispatches += plan.dispatches.length;
          return target.submit(replays, reads);
        };
        return submit;
      }
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const sampler = new Sampler(counting, plans);
  const generate = async (prompt: readonly number[], options: SamplingOptions) => {
    dispatches = 0;
    return { ...(await sampler.generate(prompt, options)), dispatches };
  };
  return { generate, decodeDispatches: plans.decode.dispatches.length };
}

describe('the cache between texts', () => {
  it.each(names)('of a model of %s makes a turn cost what it adds, and draws the same', async (name) => {
    const { generate, decodeDispatches } = await counted(name);
    let text = [5, 3, 9, 1, 2, 6];
    text = [...text, ...(await generate(text, kept)).tokens];
    for (const added of [[4], [8, 8, 1], [2, 7]]) {
      const prompt = [...text, ...added];
      const turn = await generate(prompt, kept);
      // The token drawn last had not been run through the model; two more are drawn beside it.
      expect(turn.dispatches).toBe((added.length + 1 + 2) * decodeDispatches);
      expect([turn.reusedTokens, turn.prefillTokens]).toEqual([text.length - 1, added.length + 1]);
      const { generate: afresh } = await counted(name);
      expect(turn.tokens).toEqual((await afresh(prompt, greedy)).tokens);
      text = [...prompt, ...turn.tokens];
    }
  });

  it('is not used for other weights, by texts that do not ask for it, or past the context', async () => {
    const { generate } = await counted('experts');
    const prompt = [5, 3, 9, 1, 2, 6];
    await generate(prompt, kept);
    expect((await generate(prompt, { ...kept, weightsVersion: 8 })).reusedTokens).toBe(0);
    expect((await generate(prompt, { ...kept, weightsVersion: 8 })).reusedTokens).toBe(5);
    expect((await generate(prompt, greedy)).reusedTokens).toBe(0);
    expect((await generate(prompt, { ...kept, weightsVersion: 8 })).reusedTokens).toBe(0);
    const long = await generate(prompt, { ...kept, weightsVersion: 8, maximumTokens: 30 });
    expect(long.reusedTokens).toBe(5);
    expect((await generate([...prompt, ...long.tokens], { ...kept, weightsVersion: 8 })).reusedTokens).toBe(
      0,
    );
  });

  it('keeps of another text what both begin with, where no window has moved past it', () => {
    const held = { weightsVersion: 1, tokens: [1, 2, 3, 4] };
    expect(reusableTokens(held, 1, [1, 2, 9, 9], 24)).toBe(2);
    expect(reusableTokens(held, 1, [1, 2, 9, 9], 3)).toBe(0);
    expect(reusableTokens(held, 1, [1, 2, 3, 4, 5], 3)).toBe(4);
    expect(reusableTokens(held, 1, [1, 2, 3], 24)).toBe(2);
    expect(reusableTokens(held, 2, [1, 2, 3, 4, 5], 24)).toBe(0);
    expect(reusableTokens(undefined, undefined, [1], 24)).toBe(0);
  });
});
