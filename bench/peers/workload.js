// The training problem that every competitor of the bench gets: model, first weights, batches, optimizer; all seeded.

/**
 * nanoGPT's configuration for a CPU: pre-norm blocks, no bias anywhere, LayerNorm with gain only, GELU in its tanh
 * form, head tied to wte, no dropout. Source: nanoGPT README, "I only have a macbook".
 */
export const model = {
  layers: 4,
  heads: 4,
  width: 128,
  hidden: 512,
  context: 64,
  vocabulary: 65,
  normEpsilon: 1e-5,
  activation: 'gelu-tanh',
};

/** Sequences in a batch. */
export const batchSize = 12;

/** AdamW as PyTorch's, at a constant rate: epsilon outside the root, decay on matrices, clipping of the joint norm. */
export const optimizer = {
  learningRate: 1e-3,
  betas: [0.9, 0.99],
  epsilon: 1e-8,
  weightDecay: 0.1,
  clip: 1,
};

/**
 * First weights by name, each a flat row-major Float32Array with its shape. A matrix maps its rows to its columns:
 * y = x·W. The columns of qkv are q, then k, then v; a head owns 32 neighbouring columns of each.
 * @typedef {Record<string, { shape: number[], values: Float32Array }>} Weights
 */

/**
 * One batch: token ids [B, T], flat; targets are the inputs one place further.
 * @typedef {{ inputs: Int32Array, targets: Int32Array }} Batch
 */

/**
 * What a competitor gets: it takes `steps` batches in order; the first `warmUp` steps are not timed.
 * @typedef {{ weights: Weights, batches: Batch[], steps: number, warmUp: number }} Work
 */

/**
 * What a competitor gives back: the loss of every step before its update, and the wall time of a step, from handing
 * over the tokens to holding the loss.
 * @typedef {object} Outcome
 * @property {number[]} losses
 * @property {{ median: number, min: number, max: number }} stepMilliseconds
 * @property {string} backend
 * @property {string} version
 */

/**
 * Names and shapes of the parameters: wte [V, C], wpe [T, C]; in layer l, with prefix "l.": ln1 [C], qkv [C, 3C],
 * proj [C, C], ln2 [C], fc [C, 4C], fc2 [4C, C]; then lnf [C].
 * @returns {[string, number[]][]}
 */
export function parameterShapes() {
  const { layers, width, hidden, context, vocabulary } = model;
  /** @type {(layer: number) => [string, number[]][]} */
  const block = (layer) => [
    [`${layer}.ln1`, [width]],
    [`${layer}.qkv`, [width, 3 * width]],
    [`${layer}.proj`, [width, width]],
    [`${layer}.ln2`, [width]],
    [`${layer}.fc`, [width, hidden]],
    [`${layer}.fc2`, [hidden, width]],
  ];
  const blocks = Array.from({ length: layers }, (_, layer) => block(layer)).flat();
  return [['wte', [vocabulary, width]], ['wpe', [context, width]], ...blocks, ['lnf', [width]]];
}

/**
 * Uniform numbers in [0, 1): Marsaglia's xorshift32 (Journal of Statistical Software 8(14), 2003).
 * @param {number} seed not 0
 */
function createRandom(seed) {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * GPT-2's initialisation: N(0, 0.02²), the projections into the residual stream divided by √(2L), gains 1.
 * @returns {Weights}
 */
export function makeWeights() {
  const random = createRandom(1337);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const residual = 0.02 / Math.sqrt(2 * model.layers);
  return Object.fromEntries(
    parameterShapes().map(([name, shape]) => {
      const size = shape.reduce((product, n) => product * n, 1);
      const deviation = /proj|fc2/.test(name) ? residual : 0.02;
      const fill = shape.length === 1 ? () => 1 : () => normal() * deviation;
      return [name, { shape, values: Float32Array.from({ length: size }, fill) }];
    }),
  );
}

/**
 * Token ids of an endless text: lines of words from a seeded lexicon, the frequent ones short, as in a language.
 * Ids 1 to 64 are characters, 0 is the line break.
 * @param {number} length tokens
 */
function makeText(length) {
  const random = createRandom(20_261_122);
  const pick = (/** @type {number} */ n) => Math.floor(random() * n);
  const letter = () => 3 + Math.min(pick(62), pick(62));
  const lexicon = Array.from({ length: 400 }, (_, rank) =>
    Array.from({ length: 2 + pick(2 + Math.ceil(Math.log2(rank + 1))) }, letter),
  );
  const text = /** @type {number[]} */ ([]);
  while (text.length < length) {
    for (let words = 4 + pick(6); words > 0; words -= 1) {
      text.push(...(lexicon[Math.floor(400 ** random()) - 1] ?? []), words === 1 ? 2 : 1); // 1 space, 2 full stop
    }
    text.push(0);
  }
  return Int32Array.from(text);
}

/**
 * Batches of sequences from random places of the text.
 * @param {number} count batches
 * @returns {Batch[]}
 */
export function makeBatches(count) {
  const { context } = model;
  const text = makeText(200_000);
  const random = createRandom(7);
  return Array.from({ length: count }, () => {
    const inputs = new Int32Array(batchSize * context);
    const targets = new Int32Array(batchSize * context);
    for (let row = 0; row < batchSize; row += 1) {
      const first = Math.floor(random() * (text.length - context - 1));
      inputs.set(text.subarray(first, first + context), row * context);
      targets.set(text.subarray(first + 1, first + 1 + context), row * context);
    }
    return { inputs, targets };
  });
}

/**
 * Median, least and largest of some times.
 * @param {number[]} milliseconds
 */
export function summarise(milliseconds) {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/** Losses of the first steps in float64 by PyTorch: made by oracle.py. */
export const oracleLosses = [
  4.21649073, 3.96827645, 3.85075759, 3.76052208, 3.68327577, 3.6388191, 3.57706291, 3.50347278, 3.6299425,
  3.54832274,
];
