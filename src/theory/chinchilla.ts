// Chinchilla's law: loss from parameters and tokens, and the best of both for a budget of flops (Hoffmann et al. 2022, arXiv 2203.15556).
// Here a multiply-add counts as TWO flops and training takes C = 6·N·D.
import { refuseInput, requirePositive } from './assumptions.ts';

/** L(N, D) = E + A / N^α + B / D^β, in nats per token. */
export interface LossFit {
  readonly irreducible: number;
  readonly parameterFactor: number;
  readonly tokenFactor: number;
  readonly parameterExponent: number;
  readonly tokenExponent: number;
}

/** The fit as published (approach 3, equation 10). */
export const publishedFit: LossFit = {
  irreducible: 1.69,
  parameterFactor: 406.4,
  tokenFactor: 410.7,
  parameterExponent: 0.34,
  tokenExponent: 0.28,
};

/** What the figures of this file count. */
export const chinchillaConvention =
  'a multiply-add counts as two flops; training takes C = 6·N·D; loss in nats per token by the published fit of Hoffmann et al. 2022';

/** A choice of size and data for one budget. */
export interface ComputeOptimum {
  readonly method: string;
  /** N */
  readonly parameters: number;
  /** D */
  readonly tokens: number;
  /** Nats per token. */
  readonly loss: number;
  readonly tokensPerParameter: number;
}

/** Loss in nats per token. @throws an ImpossibleInputError for a count of zero */
export function chinchillaLoss(parameters: number, tokens: number, fit: LossFit = publishedFit): number {
  requirePositive('chinchilla', 'the number of parameters', parameters);
  requirePositive('chinchilla', 'the number of tokens', tokens);
  return (
    fit.irreducible +
    fit.parameterFactor / parameters ** fit.parameterExponent +
    fit.tokenFactor / tokens ** fit.tokenExponent
  );
}

/** The minimum of the fit on C = 6·N·D: N = G·(C/6)^(β/(α+β)), G = (αA / βB)^(1/(α+β)) (equation 4). */
export function closedFormOptimum(flops: number, fit: LossFit = publishedFit): ComputeOptimum {
  requireBudget(flops);
  const { parameterExponent: alpha, tokenExponent: beta } = fit;
  const ratio = (alpha * fit.parameterFactor) / (beta * fit.tokenFactor);
  const parameters = ratio ** (1 / (alpha + beta)) * (flops / 6) ** (beta / (alpha + beta));
  return optimum('closed form of the fit', flops, parameters, fit);
}

/**
 * The best point of a grid of 16 sizes a decade from 10 million to 100 billion, as nanoGPT's scaling notebook searches it.
 * undefined when the best point is an end of the grid, which then says nothing.
 */
export function gridOptimum(flops: number, fit: LossFit = publishedFit): ComputeOptimum | undefined {
  requireBudget(flops);
  const sizes = Array.from({ length: 64 }, (_, step) => 10 ** (7 + step / 16));
  const losses = sizes.map((size) => chinchillaLoss(size, flops / (6 * size), fit));
  const best = losses.indexOf(Math.min(...losses));
  if (best === 0 || best === sizes.length - 1) return undefined;
  return optimum("grid of nanoGPT's notebook", flops, sizes[best], fit);
}

/** So many tokens per parameter, whatever the fit says: N = √(C / (6·ratio)). */
export function ratioOptimum(
  flops: number,
  tokensPerParameter: number,
  fit: LossFit = publishedFit,
): ComputeOptimum {
  requireBudget(flops);
  requirePositive('chinchilla', 'the number of tokens per parameter', tokensPerParameter);
  const method = `${tokensPerParameter} tokens per parameter`;
  return optimum(method, flops, Math.sqrt(flops / (6 * tokensPerParameter)), fit);
}

function optimum(method: string, flops: number, parameters: number, fit: LossFit): ComputeOptimum {
  const tokens = flops / (6 * parameters);
  const loss = chinchillaLoss(parameters, tokens, fit);
  return { method, parameters, tokens, loss, tokensPerParameter: tokens / parameters };
}

/** Below 6 flops there is no whole parameter with a whole token; above 1e40 the fit's powers leave all sense. */
function requireBudget(flops: number): void {
  requirePositive('chinchilla', 'the budget of flops', flops);
  if (flops >= 6 && flops <= 1e40) return;
  refuseInput(`chinchilla: the budget is out of range: ${flops} flops. Give 6 to 1e40.`);
}
