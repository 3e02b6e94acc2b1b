// Measures how fast a model answers on a device: a prompt and an answer, weights as they start, for speed does not depend on them.
import type { Experiment } from '../../model/config.ts';
import type { Corpus } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { prepareRun } from '../training/run.ts';

/** What is asked and answered, in tokens. */
export interface AnswerLength {
  readonly prompt: number;
  readonly output: number;
}

/** Answers of one measurement; the first only warms up, the median of the others counts. */
const answers = 6;

/** Tokens of the answer over the seconds of prompt and answer. */
export async function measureAnswers(
  engine: Engine,
  experiment: Experiment,
  corpus: Corpus,
  { prompt, output }: AnswerLength,
): Promise<number> {
  const run = await prepareRun(engine, experiment, { corpus, withSampler: true });
  try {
    const rates: number[] = [];
    for (let answer = 0; answer < answers; answer++) {
      const text = [...corpus.tokens.subarray(answer * prompt, (answer + 1) * prompt)];
      const start = performance.now();
      const generated = await run.sampler?.generate(text, {
        maximumTokens: output,
        temperature: 1,
        topK: 0,
        topP: 1,
        seed: answer + 1,
      });
      rates.push((generated?.tokens.length ?? 0) / ((performance.now() - start) / 1000));
    }
    const kept = rates.slice(1).sort((a, b) => a - b);
    return kept[kept.length >> 1];
  } finally {
    run.runtime.dispose();
  }
}
