// Chinchilla's law L(N, D) = E + A / N^α + B / D^β (Hoffmann et al. 2022): its numbers, exponents and predictions.
import type { RunPoint } from './run-point.ts';

/** The five parameters, by the letters of the paper. */
export interface ChinchillaParameters {
  /** What no size and no data can go below, in nats per token. */
  readonly E: number;
  readonly A: number;
  readonly B: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Exponents of the best N and D for C flops: N* ∝ C^parameters, D* ∝ C^tokens. */
export interface OptimumExponents {
  readonly parameters: number;
  readonly tokens: number;
}

/** Loss in nats per token. */
export function predictLoss(law: ChinchillaParameters, parameters: number, tokens: number): number {
  return law.E + law.A / parameters ** law.alpha + law.B / tokens ** law.beta;
}

/** a = β / (α + β) and b = α / (α + β). */
export function optimumExponents({ alpha, beta }: ChinchillaParameters): OptimumExponents {
  return { parameters: beta / (alpha + beta), tokens: alpha / (alpha + beta) };
}

/** The runs as the fits want them: logarithms less their means, which takes most of the correlation out of the parameters. */
export interface CentredRuns {
  readonly logParameters: Float64Array;
  readonly logTokens: Float64Array;
  readonly logLoss: Float64Array;
  readonly loss: Float64Array;
  readonly meanLogParameters: number;
  readonly meanLogTokens: number;
}

/** Prepares runs for a fit. */
export function centreRuns(points: readonly RunPoint[]): CentredRuns {
  const centre = (values: Float64Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, values: values.map((value) => value - mean) };
  };
  const logParameters = centre(Float64Array.from(points, ({ parameters }) => Math.log(parameters)));
  const logTokens = centre(Float64Array.from(points, ({ tokens }) => Math.log(tokens)));
  const loss = Float64Array.from(points, (point) => point.loss);
  return {
    logParameters: logParameters.values,
    logTokens: logTokens.values,
    meanLogParameters: logParameters.mean,
    meanLogTokens: logTokens.mean,
    loss,
    logLoss: loss.map(Math.log),
  };
}
