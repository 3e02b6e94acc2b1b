// What Press asks of his formulas: training without the factor n, a price that halves, tokens decoded, a conversation, a long context.
import { type Assumptions, pressAssumptions, refuseInput, requirePositive } from './assumptions.ts';
import { pressEconomics } from './economics.ts';
import { type PressModel, pressCosts } from './press.ts';

/** Years in which the price of a computation halves (Press, arXiv 2511.11572). */
export const halvingYears = 2;

/** "128K" of the paper; its K is 1000. Tokens. */
export const longContext = 128_000;

/** A conversation: each turn adds as many tokens, asked and answered together. */
export interface Conversation {
  readonly turns: number;
  readonly tokensPerTurn: number;
}

/** What may be set. */
export interface WhatIfOptions {
  /** Years after the paper's prices. */
  readonly years: number;
  readonly conversation: Conversation;
}

/** After one halving, and a chat of ten turns. */
export const whatIfDefaults: WhatIfOptions = {
  years: halvingYears,
  conversation: { turns: 10, tokensPerTurn: 1000 },
};

/** The answers. Dollars are capital, at the prices of now unless the name says later. */
export interface WhatIf {
  /** Equation 6, and what it would be were only the last of n positions a lesson: n times as much. */
  readonly trainingDollars: number;
  readonly trainingDollarsWithoutN: number;
  /** `trainingDollars` after `years`. */
  readonly trainingDollarsLater: number;
  /** A million tokens decoded with a cache of n tokens. */
  readonly dollarsPerMillionTokens: number;
  readonly dollarsPerMillionTokensLater: number;
  /** The same with a cache of `longContext` tokens, and that cache in values. */
  readonly dollarsPerMillionTokensAtLongContext: number;
  readonly cacheAtLongContext: number;
  /** A million tokens added to a conversation whose cache is kept, and where each turn reads all of it again. */
  readonly conversationDollarsPerMillionTokens: number;
  readonly rereadDollarsPerMillionTokens: number;
}

/** Units of `WhatIf`. */
export const whatIfUnits: Readonly<Record<keyof WhatIf, string>> = {
  trainingDollars: 'US dollars',
  trainingDollarsWithoutN: 'US dollars',
  trainingDollarsLater: 'US dollars',
  dollarsPerMillionTokens: 'US dollars',
  dollarsPerMillionTokensLater: 'US dollars',
  dollarsPerMillionTokensAtLongContext: 'US dollars',
  cacheAtLongContext: 'values',
  conversationDollarsPerMillionTokens: 'US dollars',
  rereadDollarsPerMillionTokens: 'US dollars',
};

/** What a price becomes after some years. @throws an ImpossibleInputError */
export function priceAfter(dollars: number, years: number): number {
  if (!Number.isFinite(years)) refuseInput(`what if: the number of years is impossible: ${years}.`);
  return dollars * 2 ** (-years / halvingYears);
}

/** Answers all for one model. @throws an ImpossibleInputError */
export function whatIf(
  model: PressModel,
  assumptions: Assumptions = pressAssumptions,
  { years, conversation }: WhatIfOptions = whatIfDefaults,
): WhatIf {
  const price = (multiplyAdds: number): number => pressEconomics(multiplyAdds, assumptions).dollars;
  const costs = pressCosts(model, assumptions.tokensPerParameter);
  const long = pressCosts({ ...model, context: longContext });
  const training = price(costs.trainingMultiplyAdds);
  const decoded = price(1e6 * costs.incrementalMultiplyAdds);
  const { kept, reread } = conversationMultiplyAddsPerToken(model, conversation);
  return {
    trainingDollars: training,
    trainingDollarsWithoutN: model.context * training,
    trainingDollarsLater: priceAfter(training, years),
    dollarsPerMillionTokens: decoded,
    dollarsPerMillionTokensLater: priceAfter(decoded, years),
    dollarsPerMillionTokensAtLongContext: price(1e6 * long.incrementalMultiplyAdds),
    cacheAtLongContext: long.cache,
    conversationDollarsPerMillionTokens: price(1e6 * kept),
    rereadDollarsPerMillionTokens: price(1e6 * reread),
  };
}

/**
 * Work of one added token, on average over the turns: with a cache that is kept each costs what decoding after the text so
 * far does; without, every turn is a forward pass over all of it.
 */
function conversationMultiplyAddsPerToken(model: PressModel, { turns, tokensPerTurn }: Conversation) {
  requirePositive('what if', 'the number of turns', turns);
  requirePositive('what if', 'the number of tokens of a turn', tokensPerTurn);
  if (!Number.isInteger(turns) || turns > 100_000)
    refuseInput(`what if: the number of turns is impossible: ${turns}. Give a whole number up to 100000.`);
  let [kept, reread] = [0, 0];
  for (let turn = 1; turn <= turns; turn++) {
    const costs = pressCosts({ ...model, context: turn * tokensPerTurn });
    kept += costs.incrementalMultiplyAdds * tokensPerTurn;
    reread += costs.forwardMultiplyAdds;
  }
  const added = turns * tokensPerTurn;
  return { kept: kept / added, reread: reread / added };
}
