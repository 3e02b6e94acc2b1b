// Press's Table 2, the four models, and Table 3, what they cost.
import { type Assumptions, pressAssumptions } from './assumptions.ts';
import { pressEconomics } from './economics.ts';
import { type PressModel, pressCosts } from './press.ts';

/** Names of the cases. */
export const pressCaseNames = ['A', 'B', 'C', 'D'] as const;
/** One of Table 2's columns. */
export type PressCaseName = (typeof pressCaseNames)[number];

/** A model of Table 2, with H, which changes no count. */
export interface PressCaseModel extends PressModel {
  readonly heads: number;
}

/** The ends of a range. */
export interface Span<T> {
  readonly low: T;
  readonly high: T;
}

/**
 * Table 2; K is 1000. D is a range. Its upper context is 200 000, though the table says only "≳ 100K": nothing else
 * reproduces the upper ends printed in Table 3.
 */
export const pressCaseModels: Readonly<Record<PressCaseName, PressCaseModel | Span<PressCaseModel>>> = {
  A: { context: 2048, vocabulary: 32_000, width: 4096, heads: 32, layers: 32 },
  B: { context: 4096, vocabulary: 64_000, width: 6144, heads: 48, layers: 60 },
  C: { context: 8192, vocabulary: 80_000, width: 12_288, heads: 96, layers: 96 },
  D: {
    low: { context: 100_000, vocabulary: 100_000, width: 16_000, heads: 128, layers: 120 },
    high: { context: 200_000, vocabulary: 200_000, width: 20_000, heads: 192, layers: 160 },
  },
};

/** The rows of Table 3 for one model. */
export interface PressCaseCosts {
  readonly parameters: number;
  readonly activations: number;
  readonly inferenceCache: number;
  readonly flopsForward: number;
  readonly flopsIncremental: number;
  readonly optimalTokens: number;
  readonly trainingFlops: number;
  readonly gpuYears: number;
  readonly dollars: number;
}

/** Units of `PressCaseCosts`; flops are multiply-adds. */
export const pressCaseUnits: Readonly<Record<keyof PressCaseCosts, string>> = {
  parameters: 'values',
  activations: 'values',
  inferenceCache: 'values',
  flopsForward: 'multiply-adds',
  flopsIncremental: 'multiply-adds per token',
  optimalTokens: 'tokens',
  trainingFlops: 'multiply-adds',
  gpuYears: 'GPU-years',
  dollars: 'dollars',
};

/** A column of Table 3; of a range, every row is one. */
export type PressCase = PressCaseCosts | { readonly [row in keyof PressCaseCosts]: Span<number> };

/** One column of Table 3. @throws an ImpossibleInputError for impossible assumptions */
export function pressCase(name: PressCaseName, assumptions: Assumptions = pressAssumptions): PressCase {
  const models = pressCaseModels[name];
  if (!('low' in models)) return caseCosts(models, assumptions);
  const low = caseCosts(models.low, assumptions);
  const high = caseCosts(models.high, assumptions);
  const rows = Object.keys(low) as (keyof PressCaseCosts)[];
  return Object.fromEntries(rows.map((row) => [row, { low: low[row], high: high[row] }])) as PressCase;
}

/** Table 3's rows for any model. @throws an ImpossibleInputError */
export function caseCosts(model: PressModel, assumptions: Assumptions = pressAssumptions): PressCaseCosts {
  const costs = pressCosts(model, assumptions.tokensPerParameter);
  const { gpuYears, dollars } = pressEconomics(costs.trainingMultiplyAdds, assumptions);
  return {
    parameters: costs.parameters,
    activations: costs.activations,
    inferenceCache: costs.cache,
    flopsForward: costs.forwardMultiplyAdds,
    flopsIncremental: costs.incrementalMultiplyAdds,
    optimalTokens: costs.optimalTokens,
    trainingFlops: costs.trainingMultiplyAdds,
    gpuYears,
    dollars,
  };
}
