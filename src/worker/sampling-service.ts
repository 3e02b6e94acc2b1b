// The calls that draw text from the weights of the open run.
import type { SamplingApi } from '../contract/sampling.ts';
import { answer } from './answer.ts';
import type { Runs } from './run/runs.ts';

/** The calls about sampling. */
export function createSampling(
  runs: Pick<Runs, 'sample' | 'nextTokens' | 'askAnswers' | 'cancelSample'>,
): SamplingApi {
  return {
    sample: (request, onText) => answer(() => runs.sample(request, onText)),
    nextTokens: (request) => answer(() => runs.nextTokens(request)),
    askAnswers: () => answer(() => runs.askAnswers()),
    cancelSample: async () => runs.cancelSample(),
  };
}
