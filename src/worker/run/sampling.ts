// Text from the weights of a run, between its steps.

import type { SampleReport, SampleRequest } from '../../contract/sampling.ts';
import { promptTokens, startTokens, textPieces } from '../../lab/plans/corpus.ts';
import { LabError, stage } from '../../lab/plans/problem.ts';
import type { Run } from '../../lab/training/run.ts';
import type { RunLoop } from '../../lab/training/run-loop.ts';

/** Samples until the request is met or `onText`, which gets the text so far, answers false. */
export async function sampleRun(
  loop: RunLoop,
  run: Run,
  request: SampleRequest,
  onText: (text: string) => boolean,
): Promise<SampleReport> {
  const { sampler } = run;
  if (!sampler) throw new Error('sample: this run was prepared without a sampler.');
  const { tokenizer } = run.corpus;
  const prompt = await stage('invalidRequest', () =>
    request.prompt === '' ? startTokens(run.corpus) : promptTokens(tokenizer, request.prompt),
  );
  const generation = await loop.exclusive(() => {
    const decoder = tokenizer.createStreamDecoder(true);
    let text = request.prompt;
    return stage('invalidRequest', () =>
      sampler.generate(prompt, {
        maximumTokens: request.maximumTokens,
        temperature: request.temperature,
        topK: request.topK,
        topP: request.topP,
        seed: request.seed,
        ...(request.knownTokens === true ? { drawable: tokenizer.vocabularySize } : {}),
        onTokens: (tokens) => {
          text += decoder.push(tokens);
          return onText(text);
        },
      }),
    );
  });
  if (generation.problem !== undefined) {
    throw new LabError({ kind: 'invalidRequest', message: generation.problem });
  }
  const pieces = textPieces(tokenizer, generation.tokens);
  return {
    text: request.prompt + tokenizer.decode(generation.tokens, true),
    ...(pieces ? { pieces } : {}),
    tokens: generation.tokens.length,
    prefillTokensPerSecond: rate(generation.prefillTokens, generation.prefillSeconds),
    decodeTokensPerSecond: rate(generation.decodedTokens, generation.decodeSeconds),
  };
}

function rate(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}
