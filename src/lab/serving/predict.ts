// What serving a batch should take, from its plans: limit and expectation of the rate, of the first token and of the next ones.
import type { ServingCase, ServingFigures, ServingPrediction } from '../../contract/serving.ts';
import { type DeviceProfile, limitOf } from '../../plan/device-profile.ts';
import { costOf } from '../../plan/predict.ts';
import { expectWork } from '../plans/expectation.ts';
import type { InferencePlans } from '../plans/inference-plans.ts';
import { decodeWork, prefillWork } from '../plans/work.ts';

/** Tokens in the cache of a text halfway through its output: decoding costs a + b · position, so that this is the mean. */
export function meanPosition({ prompt, output }: ServingCase): number {
  return prompt + Math.max(0, output - 2) / 2;
}

/** Predicts a batch by the plans that will serve it: their first prompt bucket holds the prompt. */
export function predictServing(
  plans: InferencePlans,
  served: ServingCase,
  profile: DeviceProfile,
): ServingPrediction {
  const position = meanPosition(served);
  const prompt = expectWork(prefillWork(plans, 0), profile);
  const token = expectWork(decodeWork(plans, position), profile);
  const seconds = { bandwidth: 0, arithmetic: 0 };
  for (const dispatch of plans.decode.dispatches) {
    const { arithmeticSeconds, bandwidthSeconds } = limitOf(profile, costOf(dispatch, { position }));
    const bound = arithmeticSeconds > bandwidthSeconds ? 'arithmetic' : 'bandwidth';
    seconds[bound] += Math.max(arithmeticSeconds, bandwidthSeconds);
  }
  return {
    limit: figuresOf(served, prompt.limitSeconds, token.limitSeconds),
    expectation: figuresOf(served, prompt.seconds, token.seconds),
    bound: seconds.arithmetic > seconds.bandwidth ? 'arithmetic' : 'bandwidth',
  };
}

/** The figures of a batch whose prompts and tokens take so long: one prompt after the other, then all texts together. */
function figuresOf(
  { batch, output }: ServingCase,
  promptSeconds: number,
  tokenSeconds: number,
): ServingFigures {
  return {
    tokensPerSecond: (batch * output) / (batch * promptSeconds + (output - 1) * tokenSeconds),
    firstTokenSeconds: ((batch + 1) / 2) * promptSeconds,
    betweenTokensSeconds: output > 1 ? tokenSeconds : 0,
  };
}
