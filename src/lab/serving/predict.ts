// What serving a batch should take, from its plans: limit and expectation of the rate, of the first token and of the next ones.
import { type DeviceProfile, limitOf } from '../../plan/device-profile.ts';
import { costOf } from '../../plan/predict.ts';
import { expectWork } from '../plans/expectation.ts';
import type { InferencePlans } from '../plans/inference-plans.ts';
import { decodeWork, prefillWork } from '../plans/work.ts';

/** Texts that come at once: each has a prompt of so many tokens and gets so many. */
export interface ServingCase {
  readonly batch: number;
  readonly prompt: number;
  readonly output: number;
}

/** Rate and waits of a batch. */
export interface ServingFigures {
  /** Tokens that all texts got, over the time from the first prompt to the last token. */
  readonly tokensPerSecond: number;
  /** From the request to the first token, the mean over the texts: prompts are run through the model one by one. */
  readonly firstTokenSeconds: number;
  /** Of one text while all are drawn from; 0 where a text gets only one token. */
  readonly betweenTokensSeconds: number;
}

/** What decoding is held up by: the side of the roofline that most of its limit comes from. */
export type ServingBound = 'bandwidth' | 'arithmetic';

/** A prediction of serving. */
export interface ServingPrediction {
  readonly limit: ServingFigures;
  readonly expectation: ServingFigures;
  readonly bound: ServingBound;
  /** Useful flops and bytes of one token of every text, halfway through the output. */
  readonly decode: { readonly usefulFlops: number; readonly bytes: number };
}

/** Predicts a batch by the plans that will serve it: their first prompt bucket holds the prompt. */
export function predictServing(
  plans: InferencePlans,
  served: ServingCase,
  profile: DeviceProfile,
): ServingPrediction {
  // Decoding costs a + b · position, so that the token halfway through the output is the mean.
  const position = served.prompt + Math.max(0, served.output - 2) / 2;
  const prompt = expectWork(prefillWork(plans, 0), profile);
  const token = expectWork(decodeWork(plans, position), profile);
  const costs = plans.decode.dispatches.map((dispatch) => costOf(dispatch, { position }));
  const seconds = { bandwidth: 0, arithmetic: 0 };
  for (const cost of costs) {
    const { arithmeticSeconds, bandwidthSeconds } = limitOf(profile, cost);
    const bound = arithmeticSeconds > bandwidthSeconds ? 'arithmetic' : 'bandwidth';
    seconds[bound] += Math.max(arithmeticSeconds, bandwidthSeconds);
  }
  return {
    limit: figuresOf(served, prompt.limitSeconds, token.limitSeconds),
    expectation: figuresOf(served, prompt.seconds, token.seconds),
    bound: seconds.arithmetic > seconds.bandwidth ? 'arithmetic' : 'bandwidth',
    decode: { usefulFlops: token.usefulFlops, bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0) },
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
