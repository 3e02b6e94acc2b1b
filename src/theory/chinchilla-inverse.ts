// Chinchilla's law the other way round: data for a size, a size for data, compute for a loss, and the cheapest over a model's lifetime.
import { refuseInput, requirePositive } from './assumptions.ts';
import { type ComputeOptimum, closedFormOptimum, type LossFit, publishedFit } from './chinchilla.ts';

/** A fit of the law with who made it. */
export interface NamedFit {
  readonly name: 'hoffmann' | 'besiroglu';
  readonly source: string;
  readonly fit: LossFit;
}

/** As Besiroglu et al. 2024 (arXiv 2404.10102) refitted it. */
export const refittedFit: LossFit = {
  irreducible: 1.8172,
  parameterFactor: 482.01,
  tokenFactor: 2085.43,
  parameterExponent: 0.3478,
  tokenExponent: 0.3658,
};

/** Both fits of the same runs. */
export const namedFits: readonly NamedFit[] = [
  {
    name: 'hoffmann',
    source: 'Hoffmann et al. 2022 (arXiv 2203.15556), as published: rounded to two digits',
    fit: publishedFit,
  },
  {
    name: 'besiroglu',
    source: 'Besiroglu et al. 2024 (arXiv 2404.10102), refitted to the points of the same figure',
    fit: refittedFit,
  },
];

/** Why the two differ, and why the rule of 20 does not follow from the published one. */
export const fitsExplanation =
  'The published exponents are rounded, and their optimiser stopped early: at the compute of Chinchilla (5.76e23 flops) they ' +
  'ask for 93 tokens per parameter, the refit for 18, and the rule of 20 came from the paper’s other two approaches.';

/** The D for which a size is the best choice: αA / N^α = βB / D^β. */
export function tokensForParameters(parameters: number, fit: LossFit): number {
  requirePositive('chinchilla', 'the number of parameters', parameters);
  const { parameterFactor: A, tokenFactor: B, parameterExponent: alpha, tokenExponent: beta } = fit;
  return ((beta * B * parameters ** alpha) / (alpha * A)) ** (1 / beta);
}

/** The N for which so much data is the best choice. */
export function parametersForTokens(tokens: number, fit: LossFit): number {
  requirePositive('chinchilla', 'the number of tokens', tokens);
  const { parameterFactor: A, tokenFactor: B, parameterExponent: alpha, tokenExponent: beta } = fit;
  return ((alpha * A * tokens ** beta) / (beta * B)) ** (1 / alpha);
}

/** The least flops that reach a loss: at the optimum αA/N^α = βB/D^β = (L − E) / (1/α + 1/β). */
export function computeForLoss(loss: number, fit: LossFit): ComputeOptimum & { readonly flops: number } {
  const { parameterFactor: A, tokenFactor: B, parameterExponent: alpha, tokenExponent: beta } = fit;
  const share = excess(loss, fit) / (1 / alpha + 1 / beta);
  const parameters = ((alpha * A) / share) ** (1 / alpha);
  const tokens = ((beta * B) / share) ** (1 / beta);
  return {
    method: 'least compute for the loss',
    flops: 6 * parameters * tokens,
    parameters,
    tokens,
    loss,
    tokensPerParameter: tokens / parameters,
  };
}

/** A model for its whole life: trained with 6·N·D flops, and 2·N for every token that it serves. */
export interface LifetimeOptimum extends ComputeOptimum {
  readonly trainingFlops: number;
  readonly inferenceFlops: number;
}

/**
 * The cheapest model of a loss when it will serve so many tokens: smaller and trained longer than the compute-optimal one
 * (Sardana et al. 2023, arXiv 2401.00448).
 */
export function lifetimeOptimum(loss: number, servedTokens: number, fit: LossFit): LifetimeOptimum {
  requirePositive('chinchilla', 'the number of tokens served', servedTokens);
  const { parameterFactor: A, tokenFactor: B, parameterExponent: alpha, tokenExponent: beta } = fit;
  const left = excess(loss, fit);
  const tokensOf = (parameters: number) => (B / (left - A / parameters ** alpha)) ** (1 / beta);
  const flopsOf = (log: number) => {
    const parameters = Math.exp(log);
    return 6 * parameters * tokensOf(parameters) + 2 * parameters * servedTokens;
  };
  // Below `smallest` no data is enough; the compute-optimal size is an upper end, for serving only pulls downwards.
  const smallest = Math.log((A / left) ** (1 / alpha));
  const log = goldenSection(flopsOf, smallest + 1e-9, Math.log(computeForLoss(loss, fit).parameters));
  const parameters = Math.exp(log);
  const tokens = tokensOf(parameters);
  return {
    method: `cheapest with ${servedTokens} tokens served`,
    parameters,
    tokens,
    loss,
    tokensPerParameter: tokens / parameters,
    trainingFlops: 6 * parameters * tokens,
    inferenceFlops: 2 * parameters * servedTokens,
  };
}

/** The dense size that a mixture counts for by a rule of thumb: √(active · total). Rough: it names no data and no router. */
export function mixtureSize(active: number, total: number): number {
  requirePositive('chinchilla', 'the number of active parameters', active);
  requirePositive('chinchilla', 'the number of total parameters', total);
  if (total < active)
    refuseInput(`chinchilla: a mixture of ${total} parameters cannot have ${active} active. Swap them?`);
  return Math.sqrt(active * total);
}

/** The optimum of a budget by every fit. */
export function optimaOfFits(flops: number): (ComputeOptimum & { readonly fit: NamedFit['name'] })[] {
  return namedFits.map(({ name, fit }) => ({ ...closedFormOptimum(flops, fit), fit: name }));
}

function excess(loss: number, fit: LossFit): number {
  const left = loss - fit.irreducible;
  if (Number.isFinite(loss) && left > 0) return left;
  return refuseInput(
    `chinchilla: no size and no data reach a loss of ${loss}: the fit goes down to ${fit.irreducible} only. Ask for more.`,
  );
}

/** The lowest place of a function with one valley (Kiefer 1953), to 10⁻⁹. */
function goldenSection(of: (x: number) => number, from: number, to: number): number {
  const part = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  while (high - low > 1e-9) {
    const [a, b] = [high - part * (high - low), low + part * (high - low)];
    if (of(a) <= of(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}
