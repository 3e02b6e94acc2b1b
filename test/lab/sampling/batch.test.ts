// Texts in one batch on the reference loops: each as if it were alone, and one that fails disturbs no other.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { batchModels, batchSampler, drawAlone, drawTogether, texts } from './batch-models.ts';

describe.each(Object.entries(batchModels))('texts in a batch of a model with %s', (_, model) => {
  it('get the tokens that they get alone, in another slot and in a batch of one', async () => {
    const { sampler } = await batchSampler(cpuEngine(), model, 3);
    const alone = await drawAlone(sampler, texts);
    expect(alone.map((tokens) => tokens.length)).toEqual([12, 33, 3, 18, 5]);
    expect(new Set(alone[1]).size).toBeGreaterThan(2);
    expect(await drawTogether(sampler, texts)).toEqual(alone);
    expect(await drawTogether(sampler, texts.toReversed())).toEqual(alone.toReversed());
    const { sampler: single } = await batchSampler(cpuEngine(), model, 1);
    expect(await drawTogether(single, texts)).toEqual(alone);
  });
});

describe.each(['windows', 'latents'] as const)('beside caches of int8, texts of a model with %s', (name) => {
  it('get the tokens that they get alone', async () => {
    const { sampler } = await batchSampler(cpuEngine(), batchModels[name], 3, () => undefined, 'int8');
    const alone = await drawAlone(sampler, texts);
    expect(alone.map((tokens) => tokens.length)).toEqual([12, 33, 3, 18, 5]);
    expect(await drawTogether(sampler, texts)).toEqual(alone);
  });
});

describe('a batch', () => {
  const [first, second, third] = texts;
  if (!first || !second || !third) throw new Error('unreachable');

  it('lets a text join while others run', async () => {
    const { sampler } = await batchSampler(cpuEngine(), batchModels.windows, 2);
    const alone = await drawAlone(sampler, [second, third]);
    let joined: Promise<unknown> | undefined;
    const onTokens = () => {
      joined ??= sampler.generate(third.prompt, third.options).then(({ tokens }) => tokens);
      return true;
    };
    const { tokens } = await sampler.generate(second.prompt, { ...second.options, onTokens });
    expect([tokens, await joined]).toEqual(alone);
  });

  it('refuses a prompt that is longer than the context and goes on with the others', async () => {
    const { sampler } = await batchSampler(cpuEngine(), batchModels['learned positions'], 2);
    const alone = await drawAlone(sampler, [first, third]);
    const long = Array.from({ length: 25 }, () => 1);
    const refused = sampler.generate(long, { ...second.options, cutsPrompt: false });
    const others = drawTogether(sampler, [first, third]);
    await expect(refused).rejects.toThrow('the prompt has 25 tokens, more than the context of 24');
    expect(await others).toEqual(alone);
  });

  it('ends what is cancelled, waiting or running, and what its listener ends or fails in', async () => {
    const { sampler } = await batchSampler(cpuEngine(), batchModels['learned positions'], 2);
    const [whole] = await drawAlone(sampler, [second]);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const cancel = (tokens: readonly number[]) => {
      if (tokens.length > 1) running.abort();
      waiting.abort();
      return true;
    };
    const broken = () => {
      throw new Error('the listener failed');
    };
    const asked = [
      sampler.generate(second.prompt, { ...second.options, onTokens: cancel, signal: running.signal }),
      sampler.generate(second.prompt, { ...second.options, onTokens: () => false }),
      sampler.generate(second.prompt, { ...second.options, signal: waiting.signal }),
    ];
    const failing = sampler.generate(second.prompt, { ...second.options, onTokens: broken });
    const last = sampler.generate(second.prompt, second.options);
    await expect(failing).rejects.toThrow('the listener failed');
    const ended = await Promise.all([...asked, last]);
    expect(ended.map(({ end }) => end)).toEqual(['cancelled', 'stopped', 'cancelled', 'length']);
    expect(ended.map(({ tokens }) => tokens.length)).toEqual([expect.any(Number), 1, 0, 33]);
    for (const { tokens } of ended) expect(tokens).toEqual(whole?.slice(0, tokens.length));
    expect(ended[0]?.tokens.length).toBeGreaterThan(1);
    expect(ended[0]?.tokens.length).toBeLessThan(33);
  });

  it('ends the text whose logits are no numbers, and no other', async () => {
    const spoil = (weights: ReadonlyMap<string, Float32Array>) =>
      weights.get('tokenEmbedding')?.fill(Number.NaN, 13 * 16, 14 * 16);
    const { sampler } = await batchSampler(cpuEngine(), batchModels.windows, 3, spoil);
    const asked = [first, { prompt: [4, 13], options: second.options }, third];
    const [one, spoiled, three] = await Promise.all(
      asked.map(({ prompt, options }) => sampler.generate(prompt, options)),
    );
    expect(spoiled).toMatchObject({ tokens: [], end: 'notFinite' });
    expect(spoiled?.problem).toContain("after 2 tokens the model's logits are not finite numbers");
    // The slot of the spoiled text serves the next ones.
    const { sampler: clean } = await batchSampler(cpuEngine(), batchModels.windows, 3);
    const alone = await drawAlone(clean, [first, third]);
    expect([one?.tokens, three?.tokens]).toEqual(alone);
    expect(await drawTogether(sampler, [third, first])).toEqual(alone.toReversed());
  });

  it('tells when the first token came, and what was spent', async () => {
    const { sampler } = await batchSampler(cpuEngine(), batchModels.windows, 2);
    const [short] = await Promise.all([
      sampler.generate(third.prompt, third.options),
      sampler.generate(second.prompt, second.options),
    ]);
    expect(short).toMatchObject({ end: 'length', prefillTokens: 7, decodedTokens: 2 });
    expect(short?.firstTokenSeconds).toBeGreaterThan(0);
    expect(short?.decodeSeconds).toBeGreaterThan(0);
  });
});
