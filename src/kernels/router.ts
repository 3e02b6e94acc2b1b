// The router of a mixture of experts: scores, choice of experts and weights, with the gradients of auxiliary losses.
import source from '../../shaders/router.wgsl?raw';
import { type Dims, defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { prologue, randomUniform } from './prologue.ts';

const threads = 64;
const tiny = 1e-20;

const forwardDims = [
  'tokens',
  'experts',
  'perToken',
  'sigmoid',
  'renormalize',
  'scale',
  'hasBias',
  'biasOffset',
  'noise',
  'operation',
  'time',
] as const;

/** Softmax over `experts`, the best `perToken` of them, weights that sum to 1, and nothing else. */
function plainDims(tokens: number, experts: number, perToken: number): Dims<(typeof forwardDims)[number]> {
  const options = { hasBias: 0, biasOffset: 0, noise: 0, operation: 0, time: tokens };
  return { tokens, experts, perToken, sigmoid: 0, renormalize: 1, scale: 1, ...options };
}

/**
 * scores = softmax or sigmoid of logits (+ noise); selected = the perToken largest scores (+ bias) of each token, ties
 * to the lower index; weights = scale · scores of these, ÷ their sum if renormalize. Where a logit or a bias is no finite
 * number, the first perToken experts and weights that are none.
 */
export const routerForward = defineKernel({
  name: 'router.forward',
  role: 'router',
  arithmetic: 'router arithmetic',
  source: prologue + source,
  entryPoint: 'forward',
  dims: forwardDims,
  reads: ['logits', 'bias'],
  writes: ['scores', 'rowSums', 'selected', 'weights'],
  optional: ['bias'],
  tensors: ({ tokens, experts, perToken, hasBias, biasOffset }) => ({
    logits: { shape: [tokens, experts] },
    bias: { shape: [hasBias === 1 ? biasOffset + experts : 1] },
    scores: { shape: [tokens, experts] },
    rowSums: { shape: [tokens] },
    selected: { shape: [tokens, perToken], elementType: 'u32', fill: () => 0 },
    weights: { shape: [tokens, perToken] },
  }),
  // The noise passes through cos, which may be wrong by 2⁻¹¹ (WGSL §15.7.4); the rest is good to 1e-6.
  tolerance: 3e-4,
  selfTest: [
    plainDims(65, 8, 2),
    { ...plainDims(7, 5, 3), sigmoid: 1, scale: 2.5, hasBias: 1, biasOffset: 5 },
    { ...plainDims(6, 4, 1), renormalize: 0, noise: 0.5, operation: 3, time: 2 },
  ],
  calibration: [plainDims(256, 8, 2), plainDims(1024, 8, 2), plainDims(2048, 64, 2)],
  workgroups: ({ tokens }) => Math.ceil(tokens / threads),
  // maximum, difference, exponential, sum; a comparison a round; two a weight
  usefulFlops: ({ tokens, experts, perToken }) => tokens * (experts * (4 + perToken) + 2 * perToken),
  // logits are read; scores, a sum, choices and weights are written
  bytes: ({ tokens, experts, perToken }) => 4 * tokens * (2 * experts + 1 + 2 * perToken),
  reference(arrays, dims, scalars) {
    const { logits, bias, scores, rowSums, selected, weights } = arrays;
    const { tokens, experts, perToken, renormalize, scale, hasBias, biasOffset, noise } = dims;
    const isSigmoid = dims.sigmoid === 1;
    for (let token = 0; token < tokens; token++) {
      const row = Array.from({ length: experts }, (_, e) => {
        const added = noise > 0 ? noise * normalAt(token, e, dims, scalars) : 0;
        return logits[token * experts + e] + added;
      });
      const added = (e: number) => (hasBias === 1 ? bias[biasOffset + e] : 0);
      const isNumber = row.every((logit, e) => Number.isFinite(logit) && Number.isFinite(added(e)));
      const largest = Math.max(...row);
      const raised = row.map((logit) => (isSigmoid ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit - largest)));
      const sum = raised.reduce((a, b) => a + b, 0);
      rowSums[token] = isSigmoid ? sum : largest + Math.log(sum);
      raised.forEach((score, e) => {
        scores[token * experts + e] = isSigmoid ? score : score / sum;
      });
      // The bias decides who is chosen, never with what weight: balance without a gradient (DeepSeek-V3,
      // 2.1.2).
      const share = (e: number) => scores[token * experts + e];
      const value = (e: number) => share(e) + added(e);
      const ranked = row.map((_, e) => e);
      // Ties go to the lower index: a sort by value alone would leave them to the engine.
      if (isNumber) ranked.sort((a, b) => value(b) - value(a) || a - b);
      const best = ranked.slice(0, perToken);
      const total = best.reduce((partial, e) => partial + share(e), 0);
      best.forEach((expert, j) => {
        const weight = renormalize === 1 ? (scale * share(expert)) / (total + tiny) : scale * share(expert);
        selected[token * perToken + j] = expert;
        // Choices must stay places of experts, whatever the logits and biases: the weights carry on that they
        // were no numbers, and the step is not applied.
        weights[token * perToken + j] = isNumber ? weight : Number.NaN;
      });
    }
  },
});

function normalAt(
  token: number,
  expert: number,
  { experts, operation, time }: Dims<'experts' | 'operation' | 'time'>,
  { dropoutSeed, step, sampleOffset }: Readonly<Record<string, number>>,
): number {
  // Two uniforms a normal number (Box and Muller 1958), both from counters: no state between invocations.
  const element = 2 * ((token % time) * experts + expert);
  const sample = sampleOffset + Math.floor(token / time);
  const uniform = (at: number) => randomUniform(dropoutSeed, step, sample, operation, at);
  return (
    Math.sqrt(-2 * Math.log(uniform(element) + 0.5 / 2 ** 24)) * Math.cos(2 * Math.PI * uniform(element + 1))
  );
}

const backwardDims = [
  'tokens',
  'experts',
  'perToken',
  'sigmoid',
  'renormalize',
  'scale',
  'balance',
  'zLoss',
] as const;

const backwardShape = (tokens: number, experts: number, perToken: number) => ({
  tokens,
  experts,
  perToken,
  sigmoid: 0,
  renormalize: 1,
  scale: 1,
  balance: 0.01,
  zLoss: 0.001,
});

/**
 * ∂logits from the weights, plus the gradients of balance · E · Σ f·P (f: share of the choices, a constant; P: mean
 * share of the scores) and of zLoss · mean (log Σ exp logits)².
 */
export const routerBackward = defineKernel({
  name: 'router.backward',
  role: 'router',
  arithmetic: 'router arithmetic',
  source: prologue + source,
  entryPoint: 'backward',
  dims: backwardDims,
  reads: ['savedScores', 'savedSums', 'chosen', 'counts', 'dWeights'],
  writes: ['dLogits'],
  tensors: ({ tokens, experts, perToken, sigmoid }) => ({
    savedScores: {
      shape: [tokens, experts],
      fill: (uniform) => (sigmoid === 1 ? uniform : (2 * uniform) / experts),
    },
    savedSums: {
      shape: [tokens],
      fill: (uniform) => (sigmoid === 1 ? experts * (0.4 + 0.2 * uniform) : uniform),
    },
    chosen: {
      shape: [tokens, perToken],
      elementType: 'u32',
      fill: (_, i) => (Math.floor(i / perToken) + i) % experts,
    },
    counts: {
      shape: [experts],
      elementType: 'u32',
      fill: (uniform) => Math.floor((2 * uniform * tokens) / experts),
    },
    dWeights: { shape: [tokens, perToken] },
    dLogits: { shape: [tokens, experts] },
  }),
  selfTest: [
    backwardShape(65, 8, 2),
    { ...backwardShape(7, 5, 3), sigmoid: 1, scale: 2.5, zLoss: 0 },
    { ...backwardShape(6, 4, 1), renormalize: 0, balance: 0 },
  ],
  calibration: [backwardShape(256, 8, 2), backwardShape(1024, 8, 2), backwardShape(2048, 64, 2)],
  workgroups: ({ tokens }) => Math.ceil(tokens / threads),
  // balance, its mean, the dot product and the slope of each expert; both sums and the gradient of each
  // choice
  usefulFlops: ({ tokens, experts, perToken }) => tokens * (9 * experts + 8 * perToken),
  bytes: ({ tokens, experts, perToken }) => 4 * (tokens * (2 * experts + 1 + 2 * perToken) + experts),
  reference(arrays, { tokens, experts, perToken, sigmoid, renormalize, scale, balance, zLoss }) {
    const { savedScores, savedSums, chosen, counts, dWeights, dLogits } = arrays;
    // ∂ balance · E · Σ f·P by a share: f = counts ÷ (N·K) is held constant, as it has no gradient (Fedus et
    // al. 2021, section 2.2), and P is a mean over N tokens.
    const balanceStep = (balance * experts) / (tokens * tokens * perToken);
    const every = Array.from({ length: experts }, (_, e) => e);
    for (let token = 0; token < tokens; token++) {
      const score = (e: number) => savedScores[token * experts + e];
      const slots = Array.from({ length: perToken }, (_, j) => token * perToken + j);
      const scoreSum = sigmoid === 1 ? savedSums[token] : 1;
      // Shares sum to 1: of their gradient the part along them falls away.
      const mean = every.reduce((sum, e) => sum + (balanceStep * counts[e] * score(e)) / scoreSum, 0);
      const gradients = every.map((e) => (balance === 0 ? 0 : (balanceStep * counts[e] - mean) / scoreSum));
      const total = slots.reduce((sum, slot) => sum + score(chosen[slot]), tiny);
      const weighted = slots.reduce((sum, slot) => sum + dWeights[slot] * score(chosen[slot]), 0);
      for (const slot of slots) {
        const own = scale * dWeights[slot];
        // Weight j = scale · s_j ÷ Σ s: its gradient has the quotient's second term.
        gradients[chosen[slot]] += renormalize === 1 ? (own - (scale * weighted) / total) / total : own;
      }
      // Softmax's Jacobian, diag(s) − s sᵀ; sigmoids have none between experts.
      const dot = every.reduce((sum, e) => sum + score(e) * gradients[e], 0);
      const shift = sigmoid === 1 ? 0 : dot - (2 * zLoss * savedSums[token]) / tokens;
      for (const e of every) {
        const slope = score(e) * (sigmoid === 1 ? 1 - score(e) : 1);
        dLogits[token * experts + e] = slope * (gradients[e] - shift);
      }
    }
  },
});

/** How tokens choose experts. */
export interface RouterOptions {
  /** K, experts of a token. */
  readonly perToken: number;
  /** Softmax over the experts, or a sigmoid of each. */
  readonly score: 'softmax' | 'sigmoid';
  /** Weights of a token sum to `scale`. */
  readonly renormalize: boolean;
  readonly scale: number;
  /** Added to the scores for choosing only: its layer's row of E numbers from `offset` on. */
  readonly bias?: { readonly tensor: Tensor; readonly offset: number } | undefined;
  /** Deviation of normal noise on the logits while training; 0 for none. */
  readonly noise?: number;
  /** T, tokens of a sample: noise does not depend on the batch. */
  readonly time?: number;
}

/** What routing decided; `scores` [N, E] and `rowSums` [N] are kept for the gradients and the statistics. */
export interface Routing {
  /** Expert of each slot, u32 [N, K]. */
  readonly selected: Tensor;
  /** [N, K] */
  readonly weights: Tensor;
  /** [N, E]: of all experts, without the bias. */
  readonly scores: Tensor;
  /** [N]: log Σ exp of the logits, or Σ of the sigmoids. */
  readonly rowSums: Tensor;
}

/** Auxiliary losses, each a share of the step: divide by the number of micro-batches. */
export interface RouterLosses {
  /** Of E · Σ f·P, which is 1 where loads are even. */
  readonly balance: number;
  /** Of the mean square of log Σ exp, which keeps logits small. */
  readonly zLoss: number;
}

/**
 * Records the choice of experts from logits [N, E], which nothing else may use. Gradients reach the logits by the weights.
 * @param countsOf u32 [E], how many tokens chose each expert: recorded before backward
 * @throws if the sizes do not fit.
 */
export function route(
  tape: Tape,
  logits: Tensor,
  options: RouterOptions,
  losses: RouterLosses,
  countsOf: () => Tensor,
): Routing {
  const experts = logits.shape.at(-1) ?? 1;
  const tokens = elementCount(logits.shape) / experts;
  const { perToken, score, renormalize, scale, bias, noise = 0, time = tokens } = options;
  if (perToken > experts) {
    throw new Error(
      `route: ${perToken} experts per token, but ${describeTensor(logits)} has ${experts}. Choose fewer.`,
    );
  }
  const common = {
    tokens,
    experts,
    perToken,
    sigmoid: score === 'sigmoid' ? 1 : 0,
    renormalize: renormalize ? 1 : 0,
    scale,
  };
  // Noise lets experts be tried while training; answers must not depend on chance.
  const isNoisy = noise > 0 && tape.training;
  // Scores and sums are kept for the gradients: softmax's Jacobian needs all of a token's.
  const routing = {
    selected: tape.tensor('selected experts', [tokens, perToken], 'u32'),
    weights: tape.tensor('expert weights', [tokens, perToken]),
    scores: tape.tensor('router scores', [tokens, experts]),
    rowSums: tape.tensor('router sums', [tokens]),
  };
  const dims = {
    ...common,
    hasBias: bias ? 1 : 0,
    biasOffset: bias?.offset ?? 0,
    noise: isNoisy ? noise : 0,
    operation: isNoisy ? tape.nextOperation() : 0,
    time,
  };
  tape.dispatch(routerForward, dims, { logits, ...routing, ...(bias ? { bias: bias.tensor } : {}) });
  tape.onBackward([logits], routing.weights, (dWeights) => {
    const { gradient: dLogits, accumulate } = tape.gradientTarget(logits);
    // The kernel writes and does not add: there is one writer.
    if (accumulate === 1)
      throw new Error(`route: ${describeTensor(logits)} is used twice. Make logits of its own.`);
    tape.dispatch(
      routerBackward,
      { ...common, ...losses },
      {
        savedScores: routing.scores,
        savedSums: routing.rowSums,
        chosen: routing.selected,
        counts: countsOf(),
        dWeights,
        dLogits,
      },
    );
  });
  return routing;
}
