// A run writes on from its held-out text with drafts and without.
import type { DraftedServing, DraftRequest } from '../../contract/serving.ts';
import type { TokenArray } from '../../data/tokenizer.ts';
import type { Engine } from '../plans/engine.ts';
import { storedArrays } from '../plans/parameter-io.ts';
import { LabError } from '../plans/problem.ts';
import { type Run, weightsOf } from '../training/run.ts';
import type { DraftNeeds } from '../training/sampling-needs.ts';
import { serveDrafted } from './serve-drafted.ts';

/** Of greedy texts: it draws nothing. */
const seed = 1;

/**
 * Writes the likeliest continuations by a run's weights as they are, between its steps.
 * @throws LabError where the held-out text is too short, texts outgrow the context, nothing fits, or tokenizers differ
 */
export async function draftRun(
  engine: Engine,
  run: Run,
  source: DraftNeeds['source'],
  { draftTokens, texts, prompt, output }: Omit<DraftRequest, 'source'>,
  signal: AbortSignal,
): Promise<DraftedServing> {
  const { experiment, corpus, dataset } = run;
  const prompts = beginningsOf(dataset.validation, texts, prompt);
  const files = {
    model: experiment.model,
    weights: storedArrays(await weightsOf(run)),
    tokenizer: corpus.tokenizer,
  };
  const draft: DraftNeeds = { source, tokens: draftTokens };
  const options = { repeats: 1, seed, draft, dryRun: false, prompts, signal };
  return serveDrafted(engine, files, { batch: 1, prompt, output }, options);
}

/** So many pieces of a text, evenly spaced. */
function beginningsOf(tokens: TokenArray, count: number, length: number): number[][] {
  if (tokens.length < length) {
    const message = `drafts: the held-out text has ${tokens.length} tokens, fewer than a prompt of ${length}. Ask for a shorter one.`;
    throw new LabError({ kind: 'invalidRequest', message });
  }
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * (tokens.length - length)) / Math.max(1, count));
    return [...tokens.subarray(start, start + length)];
  });
}
