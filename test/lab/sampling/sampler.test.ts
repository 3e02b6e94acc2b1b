// Sampling on the reference loops: the cache gives what the whole text gives, draws repeat, and training goes on unharmed.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import type { SamplingOptions } from '../../../src/lab/sampling/options.ts';
import type { Sampler } from '../../../src/lab/sampling/sampler.ts';
import type { Run } from '../../../src/lab/training/run.ts';
import { families, stateOf, takeLosses, takeSteps, tinyRun } from '../training/tiny-runs.ts';

const greedy: SamplingOptions = { maximumTokens: 12, temperature: 0, topK: 0, topP: 1, seed: 1 };
const names = ['gpt2', 'llama'] as const;

async function trained(
  family: (typeof names)[number],
  model = {},
): Promise<Run & { readonly sampler: Sampler }> {
  const options = { withSampler: true };
  const run = await tinyRun({ model: { context: 24, ...families[family], ...model } }, cpuEngine(), options);
  await takeSteps(run, 10);
  if (!run.sampler) throw new Error('there is no sampler');
  return { ...run, sampler: run.sampler };
}

describe('sampling', () => {
  it.each(names)('from a %s model gives the same tokens with and without cache', async (family) => {
    const { sampler } = await trained(family);
    for (const options of [greedy, { ...greedy, temperature: 0.9, topK: 20, topP: 0.95 }]) {
      const cached = await sampler.generate([5, 3, 9], options);
      const uncached = await sampler.generate([5, 3, 9], { ...options, useCache: false });
      expect(uncached.tokens).toEqual(cached.tokens);
      expect(cached.tokens).toHaveLength(12);
    }
  });

  it.each(names)('from a %s model goes on past the context', async (family) => {
    const run = await trained(family);
    const { tokens, prefillTokens } = await run.sampler.generate([1, 2], { ...greedy, maximumTokens: 70 });
    expect(tokens).toHaveLength(70);
    expect(prefillTokens).toBeGreaterThan(2);
    // After the context is full, the last half of the text is the prompt: the same as asking for it anew.
    const first = 24 - 2 + 1;
    const text = [1, 2, ...tokens.slice(0, first)];
    const again = await run.sampler.generate(text.slice(-12), { ...greedy, maximumTokens: 5 });
    expect(tokens.slice(first, first + 5)).toEqual(again.tokens);
  });

  it('gives the logits of what comes next, of which the largest is drawn, and goes on as before', async () => {
    const { sampler } = await trained('llama');
    const logits = await sampler.logitsAfter([5, 3, 9]);
    const { tokens } = await sampler.generate([5, 3, 9], { ...greedy, maximumTokens: 1 });
    expect(logits.indexOf(Math.max(...logits))).toBe(tokens[0]);
    expect(logits.every(Number.isFinite)).toBe(true);
    expect(await sampler.logitsAfter([5, 3, 9])).toEqual(logits);
    expect(await sampler.logitsAfter([3, 9])).not.toEqual(logits);
    await expect(sampler.logitsAfter([])).rejects.toThrow(/the prompt is empty/);
  });

  it('takes the end of a prompt that is longer than the context', async () => {
    const { sampler } = await trained('gpt2');
    const prompt = Array.from({ length: 40 }, (_, i) => i % 13);
    const whole = await sampler.generate(prompt, { ...greedy, maximumTokens: 1 });
    expect(await sampler.generate(prompt.slice(-24), { ...greedy, maximumTokens: 1 })).toMatchObject({
      tokens: whole.tokens,
    });
  });

  it('repeats with a seed and changes with another', async () => {
    const { sampler } = await trained('llama');
    const options = { ...greedy, temperature: 1, maximumTokens: 30 };
    const { tokens } = await sampler.generate([4], options);
    expect((await sampler.generate([4], options)).tokens).toEqual(tokens);
    expect((await sampler.generate([4], { ...options, seed: 2 })).tokens).not.toEqual(tokens);
  });

  it('with one token to choose from is greedy at any temperature', async () => {
    const { sampler } = await trained('gpt2');
    const { tokens } = await sampler.generate([4, 7], greedy);
    expect((await sampler.generate([4, 7], { ...greedy, temperature: 2, topK: 1 })).tokens).toEqual(tokens);
  });

  it('stops when told to, and takes no more than asked for', async () => {
    const { sampler } = await trained('gpt2');
    const pieces: number[][] = [];
    const onTokens = (tokens: readonly number[]) => pieces.push([...tokens]) < 2;
    const { tokens } = await sampler.generate([4], { ...greedy, maximumTokens: 100, onTokens });
    expect(pieces).toHaveLength(2);
    expect(pieces.flat()).toEqual(tokens);
    expect((await sampler.generate([4], { ...greedy, maximumTokens: 0 })).tokens).toEqual([]);
    expect((await sampler.generate([4], { ...greedy, maximumTokens: 1 })).tokens).toHaveLength(1);
  });

  it('counts what was prefilled and what was decoded', async () => {
    const { sampler } = await trained('gpt2');
    const cached = await sampler.generate([1, 2, 3], greedy);
    expect(cached).toMatchObject({ prefillTokens: 3, decodedTokens: 11 });
    expect(cached.prefillSeconds).toBeGreaterThan(0);
    expect(cached.decodeSeconds).toBeGreaterThan(0);
    const uncached = await sampler.generate([1, 2, 3], { ...greedy, useCache: false });
    expect(uncached.decodedTokens).toBe(12);
  });

  it('between steps leaves training bit for bit as it is', async () => {
    const changes = { model: { ...families.llama, dropout: 0.1 } };
    const plain = await tinyRun(changes);
    const sampled = await tinyRun(changes, cpuEngine(), { withSampler: true });
    const losses = await takeLosses(plain, 6);
    const found: number[] = [];
    for (let i = 0; i < 6; i++) {
      found.push(...(await takeLosses(sampled, 1)));
      await sampled.sampler?.generate([1], { ...greedy, temperature: 1, maximumTokens: 20 });
    }
    expect(found).toEqual(losses);
    expect(await stateOf(sampled)).toEqual(await stateOf(plain));
  });
});

describe('a request that makes no sense', () => {
  const cases: [string, readonly number[], Partial<SamplingOptions>, string][] = [
    ['an empty prompt', [], {}, 'the prompt is empty'],
    ['a token outside the vocabulary', [1, 9999], {}, 'token 9999 at position 1'],
    ['a token that is no integer', [1.5], {}, 'token 1.5'],
    ['a negative length', [1], { maximumTokens: -1 }, 'maximumTokens is -1'],
    ['a negative temperature', [1], { temperature: -1 }, 'temperature is -1'],
    ['a temperature that is no number', [1], { temperature: Number.NaN }, 'temperature is NaN'],
    ['a fraction of a token kept', [1], { topK: 0.5 }, 'topK is 0.5'],
    ['no mass kept', [1], { topP: 0 }, 'topP is 0'],
    ['a negative seed', [1], { seed: -2 }, 'seed is -2'],
  ];

  it.each(cases)('%s is refused in one sentence', async (_, prompt, options, message) => {
    const run = await tinyRun({}, cpuEngine(), { withSampler: true });
    await expect(run.sampler?.generate(prompt, { ...greedy, ...options })).rejects.toThrow(message);
  });
});
