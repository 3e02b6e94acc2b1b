// Press's check of the formulas on DeepSeek-V3 (section 6): recomputed beside what was reported.
import { type Assumptions, pressAssumptions } from './assumptions.ts';
import { type Economics, pressEconomics } from './economics.ts';
import { pressCosts } from './press.ts';
import { longContext } from './what-if.ts';

/** DeepSeek-V3 as the check sees it; n = 32K is the paper's, though most of the training was at `trainedContext`. */
export const deepSeekModel = {
  width: 7168,
  layers: 61,
  heads: 128,
  context: 32_000,
  trainedContext: 4096,
  trainedParameters: 671e9,
} as const;

/** What DeepSeek reported (arXiv 2412.19437, Table 1 and section 4.1). */
export const deepSeekReported = {
  activeParameters: 37e9,
  tokens: 14.8e12,
  gpuHours: 2.788e6,
  dollars: 5.576e6,
} as const;

/** The cost of training on so many tokens. */
export interface DeepSeekTraining extends Economics {
  readonly tokens: number;
  /** Equation 5 per token, times the tokens. */
  readonly multiplyAdds: number;
}

/** The check. */
export interface DeepSeekCheck {
  /** 12L·d²: as if each token passed through a dense model of this width. */
  readonly activeParameters: number;
  /** Forward and backward by equation 5, vocabulary left out. */
  readonly multiplyAddsPerToken: number;
  /** On tokens in proportion to all trained parameters. */
  readonly optimal: DeepSeekTraining;
  /** On the tokens reported. */
  readonly reportedTokens: DeepSeekTraining;
  /** One token decoded after 128K, as a dense model of this width with a full cache would. */
  readonly inference: DeepSeekInference;
}

/** Decoding with a cache of `context` tokens. */
export interface DeepSeekInference {
  readonly context: number;
  readonly multiplyAddsPerToken: number;
  /** Capital. */
  readonly dollarsPerMillionTokens: number;
}

/**
 * Recomputes it.
 * @param context n, tokens of a training text
 * @throws an ImpossibleInputError for impossible assumptions
 */
export function deepSeekCheck(
  assumptions: Assumptions = pressAssumptions,
  context: number = deepSeekModel.context,
): DeepSeekCheck {
  const { width, layers, trainedParameters } = deepSeekModel;
  const costs = pressCosts({ context, vocabulary: 0, width, layers }, assumptions.tokensPerParameter);
  const multiplyAddsPerToken = costs.trainingMultiplyAddsPerContext / context;
  const training = (tokens: number): DeepSeekTraining => {
    const multiplyAdds = multiplyAddsPerToken * tokens;
    return { tokens, multiplyAdds, ...pressEconomics(multiplyAdds, assumptions) };
  };
  const decoded = pressCosts({ context: longContext, vocabulary: 0, width, layers }).incrementalMultiplyAdds;
  return {
    activeParameters: 12 * layers * width ** 2,
    multiplyAddsPerToken,
    optimal: training(assumptions.tokensPerParameter * trainedParameters),
    reportedTokens: training(deepSeekReported.tokens),
    inference: {
      context: longContext,
      multiplyAddsPerToken: decoded,
      dollarsPerMillionTokens: pressEconomics(1e6 * decoded, assumptions).dollars,
    },
  };
}
