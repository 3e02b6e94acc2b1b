// What drafting gains a text: measured beside the same text without drafts, and predicted from the plans of both models.
import type { DraftedFigures, DraftPrediction } from '../../contract/serving.ts';
import { createRandom } from '../../data/random.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { summarize } from '../../runtime/timing/slope.ts';
import { expectWork } from '../plans/expectation.ts';
import type { InferencePlans } from '../plans/inference-plans.ts';
import { LabError } from '../plans/problem.ts';
import { checkWork, decodeWork, draftWork } from '../plans/work.ts';
import { expectedTokens } from '../sampling/acceptance.ts';
import type { Generation, SamplingOptions } from '../sampling/options.ts';
import { Sampler } from '../sampling/sampler.ts';
import type { OpenSampler } from '../training/open-sampler.ts';

/**
 * Draws the same texts with drafts and without in turns, after one of each that warms up.
 * @throws LabError where a text ends early
 */
export async function measureDrafted(
  { runtime, plans, sampler }: Pick<OpenSampler, 'runtime' | 'plans' | 'sampler'>,
  prompts: readonly (readonly number[])[],
  options: SamplingOptions,
  repeats: number,
): Promise<DraftedFigures> {
  const plain = new Sampler(runtime, plans);
  const draw = async (by: Sampler, prompt: readonly number[], seed: number): Promise<Generation> => {
    const generation = await by.generate(prompt, { ...options, seed });
    const { end, problem = `a text was ${end}.` } = generation;
    if (end !== 'length') throw new LabError({ kind: 'invalidRequest', message: problem });
    return generation;
  };
  const rounds: { readonly drafted: Generation; readonly alone: Generation }[] = [];
  const round = async (prompt: readonly number[], seed: number) => {
    return { drafted: await draw(sampler, prompt, seed), alone: await draw(plain, prompt, seed) };
  };
  await round(prompts[0] ?? [], options.seed);
  for (let repeat = 1; repeat <= repeats; repeat++)
    for (const prompt of prompts) rounds.push(await round(prompt, options.seed + repeat));
  const rate = ({ decodedTokens, decodeSeconds }: Generation) =>
    decodedTokens / Math.max(decodeSeconds, 1e-9);
  const sum = (read: (drafted: Generation) => number) =>
    rounds.reduce((total, { drafted }) => total + read(drafted), 0);
  const speedUp = summarize(rounds.map(({ drafted, alone }) => rate(drafted) / rate(alone)));
  const checks = sum((one) => one.checks);
  const kept = sum((one) => one.acceptedTokens) + checks;
  return {
    tokensPerSecond: summarize(rounds.map(({ drafted }) => rate(drafted))).value,
    plainTokensPerSecond: summarize(rounds.map(({ alone }) => rate(alone))).value,
    speedUp: speedUp.value,
    spread: speedUp.spread,
    acceptance:
      sum((one) => one.acceptedTokens) /
      Math.max(
        1,
        sum((one) => one.examinedTokens),
      ),
    tokensPerCheck: checks > 0 ? kept / checks : 0,
    checkedShare:
      kept /
      Math.max(
        1,
        sum((one) => one.decodedTokens),
      ),
    draftSeconds: checks > 0 ? sum((one) => one.draftSeconds) / checks : 0,
    isSame: rounds.every(({ drafted, alone }) => drafted.tokens.join() === alone.tokens.join()),
  };
}

/**
 * What drafts of k tokens, each of which is accepted with probability α, should gain at a position: the tokens of a check over
 * the time of its draft and its own, beside as many tokens one by one. Where all were accepted, the drafter first reads the last.
 * @param draft plans of the model that drafts; n-grams cost nothing
 * @param checkedShare part of the tokens that checks give; the others come one by one
 * @throws where the plans check nothing
 */
export function predictDrafted(
  plans: InferencePlans,
  draft: InferencePlans | undefined,
  profile: DeviceProfile,
  {
    position,
    acceptance,
    checkedShare = 1,
  }: {
    readonly position: number;
    readonly acceptance: number;
    readonly checkedShare?: number;
  },
): DraftPrediction {
  const { check } = plans;
  if (!check) throw new Error('drafting: these plans check no drafts.');
  const drafted = check.rows - 1;
  const tokenSeconds = expectWork(decodeWork(plans, position), profile).seconds;
  const checkSeconds = expectWork(checkWork(check, position), profile).seconds;
  const late = acceptance ** drafted;
  const draftSeconds = draft
    ? expectWork(draftWork(draft, position, drafted), profile).seconds +
      late * expectWork(decodeWork(draft, position), profile).seconds
    : 0;
  const tokensPerCheck = expectedTokens(acceptance, drafted);
  const perToken = (draftSeconds + checkSeconds) / tokensPerCheck;
  return {
    tokenSeconds,
    draftSeconds,
    checkSeconds,
    tokensPerCheck,
    speedUp: tokenSeconds / (checkedShare * perToken + (1 - checkedShare) * tokenSeconds),
  };
}

/** A prompt of random tokens. */
export function randomPrompt(length: number, vocabulary: number, seed: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length }, () => random.uint32() % vocabulary);
}
