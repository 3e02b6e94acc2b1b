// Drafted sampling on the reference loops: greedy texts are those without drafts, in every kind of cache, whoever drafts.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { type Drafter, ModelDrafter, ngramDrafter } from '../../../src/lab/sampling/drafters.ts';
import type { SamplingOptions } from '../../../src/lab/sampling/options.ts';
import { Sampler } from '../../../src/lab/sampling/sampler.ts';
import { batchModels, batchSampler } from './batch-models.ts';

const greedy: SamplingOptions = { maximumTokens: 45, temperature: 0, topK: 0, topP: 1, seed: 1 };
const names = Object.keys(batchModels) as (keyof typeof batchModels)[];
const prompt = [5, 3, 9, 5, 3];

/** A sampler of a tiny model that checks four tokens at once, without a drafter and with one. */
async function samplers(name: keyof typeof batchModels, drafter: Drafter, cache: 'f32' | 'int8' = 'f32') {
  const made = await batchSampler(cpuEngine(), batchModels[name], 1, () => undefined, cache, 4);
  return { ...made, drafted: new Sampler(made.runtime, made.plans, drafter) };
}

/** A drafter of what the model itself would say, but for every fifth token. */
async function echoOf(name: keyof typeof batchModels): Promise<Drafter> {
  const { runtime, plans } = await batchSampler(cpuEngine(), batchModels[name], 1);
  const drafter = new ModelDrafter(runtime, plans);
  return {
    draft: async (text, count, drawing, drawn) => {
      const { tokens } = await drafter.draft(text, count, drawing, drawn);
      return {
        tokens: tokens.map((token, index) => ((text.length + index) % 5 === 0 ? (token + 1) % 20 : token)),
      };
    },
  };
}

describe('drafted sampling', () => {
  it.each(names)(
    'from a model of %s gives the greedy text of no drafts, past its context too',
    async (name) => {
      const { sampler, drafted } = await samplers(name, await echoOf(name));
      const alone = await sampler.generate(prompt, greedy);
      const found = await drafted.generate(prompt, greedy);
      expect(found.tokens).toEqual(alone.tokens);
      expect(found.acceptedTokens).toBeGreaterThan(10);
      expect(found.examinedTokens).toBeGreaterThan(found.acceptedTokens);
      expect(alone.checks).toBe(0);
    },
  );

  it('by what followed before, and beside a cache in int8, gives it too', async () => {
    const { sampler, drafted } = await samplers('windows', ngramDrafter, 'int8');
    const found = await drafted.generate(prompt, greedy);
    expect(found.tokens).toEqual((await sampler.generate(prompt, greedy)).tokens);
    expect(found.checks).toBeGreaterThan(0);
  });

  it('drafts from the end of what a text repeats', async () => {
    const drawing = { temperature: 0, topK: 0, topP: 1, seed: 0, drawable: 0 };
    expect(await ngramDrafter.draft([1, 2, 3, 4, 9, 1, 2, 3], 3, drawing, 0)).toEqual({ tokens: [4, 9, 1] });
    expect(await ngramDrafter.draft([1, 2, 3], 3, drawing, 0)).toEqual({ tokens: [] });
  });

  it('draws the same again by a seed, other tokens by another, and stops when asked', async () => {
    const { runtime, plans } = await batchSampler(cpuEngine(), batchModels.experts, 1);
    const { drafted } = await samplers('experts', new ModelDrafter(runtime, plans));
    const options = { ...greedy, temperature: 1.1, topK: 8, maximumTokens: 16 };
    const { tokens, acceptedTokens } = await drafted.generate(prompt, options);
    expect(acceptedTokens).toBeGreaterThan(0);
    expect((await drafted.generate(prompt, options)).tokens).toEqual(tokens);
    expect((await drafted.generate(prompt, { ...options, seed: 2 })).tokens).not.toEqual(tokens);
    const stopped = await drafted.generate(prompt, { ...options, onTokens: () => false });
    expect(stopped.end).toBe('stopped');
  });

  it('numbers draws by the text, which may slide, and counts the time of drafts that come empty', async () => {
    const [drawn, seen]: [number[], number[]] = [[], []];
    const slow: Drafter = {
      draft: async (text, _count, _drawing, number) => {
        drawn.push(number);
        seen.push(text.length);
        await new Promise((resolve) => setTimeout(resolve, 2));
        return { tokens: [] };
      },
    };
    const { drafted } = await samplers('experts', slow);
    const { draftSeconds, decodeSeconds, checks } = await drafted.generate(prompt, greedy);
    expect(seen.some((length, index) => length <= (seen[index - 1] ?? 0))).toBe(true);
    expect(drawn.every((number, index) => index === 0 || number > (drawn[index - 1] ?? 0))).toBe(true);
    expect(checks).toBe(0);
    expect(draftSeconds).toBeGreaterThan(0);
    expect(decodeSeconds).toBeGreaterThan(draftSeconds);
  });

  it('ends a text whose logits fail', async () => {
    const broken = (weights: ReadonlyMap<string, Float32Array>) =>
      void weights.get('finalNorm')?.fill(Number.NaN);
    const { runtime, plans } = await batchSampler(cpuEngine(), batchModels.windows, 1, broken, 'f32', 4);
    const found = await new Sampler(runtime, plans, ngramDrafter).generate(prompt, greedy);
    expect(found).toMatchObject({ end: 'notFinite', tokens: [] });
  });
});
