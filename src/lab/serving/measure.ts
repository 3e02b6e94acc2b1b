// Serves batches of equal texts and times them: rate, first token and time between tokens, over repeats.
import type { MeasuredServing, ServingCase, ServingFigures } from '../../contract/serving.ts';
import { createRandom } from '../../data/random.ts';
import { summarize } from '../../runtime/timing/slope.ts';
import { LabError } from '../plans/problem.ts';
import type { Generation } from '../sampling/options.ts';
import type { Sampler } from '../sampling/sampler.ts';

/** How often, and with which texts. */
export interface ServingRepeats {
  readonly repeats: number;
  /** Of the prompts. */
  readonly seed: number;
  readonly vocabulary: number;
}

/** Tokens of a text before the clock counts: every plan has run then. */
const warmUpTokens = 4;

/**
 * Times a batch after a short one that warms up. Prompts are random tokens, and the most likely token is drawn: what is
 * drawn does not change what it costs.
 * @throws LabError where a text ends early, for then the batch was not what was to be timed.
 */
export async function measureServing(
  sampler: Sampler,
  served: ServingCase,
  { repeats, ...texts }: ServingRepeats,
): Promise<MeasuredServing> {
  await serveOnce(sampler, { ...served, output: Math.min(served.output, warmUpTokens) }, texts);
  const times: ServingFigures[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) times.push(await serveOnce(sampler, served, texts));
  const medianOf = (read: (figures: ServingFigures) => number) => summarize(times.map(read));
  const rate = medianOf(({ tokensPerSecond }) => tokensPerSecond);
  return {
    tokensPerSecond: rate.value,
    firstTokenSeconds: medianOf(({ firstTokenSeconds }) => firstTokenSeconds).value,
    betweenTokensSeconds: medianOf(({ betweenTokensSeconds }) => betweenTokensSeconds).value,
    spread: rate.spread,
  };
}

async function serveOnce(
  sampler: Sampler,
  { batch, prompt, output }: ServingCase,
  { seed, vocabulary }: Omit<ServingRepeats, 'repeats'>,
): Promise<ServingFigures> {
  const random = createRandom(seed);
  const prompts = Array.from({ length: batch }, () =>
    Array.from({ length: prompt }, () => random.uint32() % vocabulary),
  );
  const greedy = { maximumTokens: output, temperature: 0, topK: 0, topP: 1, seed: 0, cutsPrompt: false };
  const start = performance.now();
  const texts = await Promise.all(prompts.map((tokens) => sampler.generate(tokens, greedy)));
  const seconds = (performance.now() - start) / 1000;
  for (const { end, problem = `a text was ${end}.` } of texts)
    if (end !== 'length') throw new LabError({ kind: 'invalidRequest', message: problem });
  const mean = (read: (text: Generation) => number) =>
    texts.reduce((sum, text) => sum + read(text), 0) / batch;
  return {
    tokensPerSecond: (batch * output) / seconds,
    firstTokenSeconds: mean(({ firstTokenSeconds = 0 }) => firstTokenSeconds),
    betweenTokensSeconds: mean(
      ({ decodeSeconds, decodedTokens }) => decodeSeconds / Math.max(1, decodedTokens),
    ),
  };
}
