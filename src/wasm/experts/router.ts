// The router of a mixture of experts: scores, choice of experts and weights, with the gradients of auxiliary losses.
import { exponential, sigmoid as sigmoidOf } from '../numeric/functions.ts';
import { randomUniform } from '../numeric/random.ts';
import { firstLanes, storeLanes, sumLanes } from '../numeric/vector.ts';

const tiny: f32 = 1e-20;

/**
 * scores = softmax or sigmoid of logits (+ noise); selected = the perToken largest scores (+ bias), ties to the lower
 * index; weights = scale · scores of these, ÷ their sum if renormalize. Where a logit or a bias is no finite number, the first
 * perToken experts and weights that are none.
 */
export function routerForward(
  logits: usize,
  bias: usize,
  scores: usize,
  rowSums: usize,
  selected: usize,
  weights: usize,
  experts: i32,
  perToken: i32,
  sigmoid: i32,
  renormalize: i32,
  scale: f32,
  hasBias: i32,
  biasOffset: i32,
  noise: f32,
  operation: u32,
  time: i32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>experts) << 2;
  const biases = hasBias ? bias + ((<usize>biasOffset) << 2) : 0;
  for (let token = first; token < last; token++) {
    const row = scores + <usize>token * bytes;
    memory.copy(row, logits + <usize>token * bytes, bytes);
    if (noise > 0) {
      const sample = token / time;
      const element = <u32>(2 * (token - sample * time) * experts);
      addNoise(row, experts, noise, dropoutSeed, step, sampleOffset + sample, operation, element);
    }
    let isNumber = true;
    let largest: f32 = -Infinity;
    for (let e = 0; e < experts; e++) {
      const at = (<usize>e) << 2;
      const logit = f32.load(row + at);
      const added: f32 = biases ? f32.load(biases + at) : 0;
      // (x − x is 0 for finite numbers alone.)
      isNumber = isNumber && logit - logit === 0 && added - added === 0;
      largest = max<f32>(largest, logit);
    }
    const sum = raise(row, experts, sigmoid !== 0, largest);
    const rowSum: f32 = sigmoid ? sum : <f32>(<f64>largest + Math.log(<f64>sum));
    f32.store(rowSums + ((<usize>token) << 2), rowSum);
    const own = (<usize>(token * perToken)) << 2;
    const total = isNumber
      ? select(row, biases, experts, perToken, selected + own)
      : selectFirst(perToken, selected + own);
    const factor: f32 = renormalize ? scale / (total + tiny) : scale;
    for (let slot: usize = own; slot < own + ((<usize>perToken) << 2); slot += 4) {
      const share = f32.load(row + ((<usize>load<i32>(selected + slot)) << 2));
      f32.store(weights + slot, isNumber ? share * factor : NaN);
    }
  }
}

/** Units of work: tokens. */
export function routerForwardUnits(tokens: i32): i32 {
  return tokens;
}

/** Adds normal noise (Box and Muller 1958), two uniform numbers for each logit. */
function addNoise(
  row: usize,
  experts: i32,
  noise: f32,
  seed: u32,
  step: u32,
  sample: u32,
  operation: u32,
  element: u32,
): void {
  for (let e = 0; e < experts; e++) {
    const at = row + ((<usize>e) << 2);
    const radius = randomUniform(seed, step, sample, operation, element + 2 * e);
    const turn = randomUniform(seed, step, sample, operation, element + 2 * e + 1);
    const spread = Math.sqrt(-2 * Math.log(<f64>radius + 0.5 / 16777216));
    f32.store(at, f32.load(at) + noise * <f32>(spread * Math.cos(2 * Math.PI * <f64>turn)));
  }
}

/** Logits to scores, in place. Returns the sum of what they are shares of. */
function raise(row: usize, experts: i32, isSigmoid: bool, largest: f32): f32 {
  const zero = f32x4.splat(0);
  let total = zero;
  for (let e = 0; e < experts; e += 4) {
    const at = row + ((<usize>e) << 2);
    const logit = v128.load(at);
    const raised = isSigmoid ? sigmoidOf(logit) : exponential(f32x4.sub(logit, f32x4.splat(largest)));
    total = f32x4.add(total, firstLanes(raised, zero, experts - e));
    storeLanes(at, raised, experts - e);
  }
  const sum = sumLanes(total);
  if (isSigmoid) return sum;
  for (let e = 0; e < experts; e += 4) {
    const at = row + ((<usize>e) << 2);
    storeLanes(at, f32x4.div(v128.load(at), f32x4.splat(sum)), experts - e);
  }
  return sum;
}

/**
 * The largest of score + bias, which are finite, each behind the one before it by value and then by index. Returns the sum of
 * their scores.
 */
function select(scores: usize, biases: usize, experts: i32, perToken: i32, selected: usize): f32 {
  let total: f32 = 0;
  let value: f32 = Infinity;
  let expert = -1;
  for (let slot = 0; slot < perToken; slot++) {
    let best: f32 = -Infinity;
    let place = -1;
    for (let e = 0; e < experts; e++) {
      const at = (<usize>e) << 2;
      const own = f32.load(scores + at) + (biases ? f32.load(biases + at) : 0);
      const isLeft = own < value || (own === value && e > expert);
      if (isLeft && (place < 0 || own > best)) {
        best = own;
        place = e;
      }
    }
    value = best;
    expert = place;
    store<i32>(selected + ((<usize>slot) << 2), place);
    total += f32.load(scores + ((<usize>place) << 2));
  }
  return total;
}

/** Any experts, for a token that has no numbers. */
function selectFirst(perToken: i32, selected: usize): f32 {
  for (let slot = 0; slot < perToken; slot++) store<i32>(selected + ((<usize>slot) << 2), slot);
  return 0;
}

/**
 * ∂logits from the weights, plus the gradients of balance · E · Σ f·P (f: share of the choices, a constant; P: mean share
 * of the scores) and of zLoss · mean (log Σ exp logits)².
 */
export function routerBackward(
  savedScores: usize,
  savedSums: usize,
  chosen: usize,
  counts: usize,
  dWeights: usize,
  dLogits: usize,
  tokens: i32,
  experts: i32,
  perToken: i32,
  sigmoid: i32,
  renormalize: i32,
  scale: f32,
  balance: f32,
  zLoss: f32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>experts) << 2;
  const balanceStep = (balance * <f32>experts) / (<f32>tokens * <f32>tokens * <f32>perToken);
  for (let token = first; token < last; token++) {
    const scores = savedScores + <usize>token * bytes;
    const gradients = dLogits + <usize>token * bytes;
    const saved = f32.load(savedSums + ((<usize>token) << 2));
    balanceGradients(scores, counts, gradients, experts, balanceStep, sigmoid ? saved : 1);
    const own = (<usize>(token * perToken)) << 2;
    const end = own + ((<usize>perToken) << 2);
    let total = tiny;
    let weighted: f32 = 0;
    for (let slot = own; slot < end; slot += 4) {
      const share = f32.load(scores + ((<usize>load<i32>(chosen + slot)) << 2));
      total += share;
      weighted += f32.load(dWeights + slot) * share;
    }
    for (let slot = own; slot < end; slot += 4) {
      const at = gradients + ((<usize>load<i32>(chosen + slot)) << 2);
      const given = scale * f32.load(dWeights + slot);
      f32.store(at, f32.load(at) + (renormalize ? (given - (scale * weighted) / total) / total : given));
    }
    let shift: f32 = 0;
    if (!sigmoid) {
      for (let e: usize = 0; e < bytes; e += 4) shift += f32.load(scores + e) * f32.load(gradients + e);
      shift -= (2 * zLoss * saved) / <f32>tokens;
    }
    for (let e: usize = 0; e < bytes; e += 4) {
      const share = f32.load(scores + e);
      const slope = sigmoid ? share * (1 - share) : share;
      f32.store(gradients + e, slope * (f32.load(gradients + e) - shift));
    }
  }
}

/** Units of work: tokens. */
export function routerBackwardUnits(tokens: i32): i32 {
  return tokens;
}

/** ∂scores of the balance loss: step · counts, less their mean over the scores' shares. */
function balanceGradients(
  scores: usize,
  counts: usize,
  gradients: usize,
  experts: i32,
  step: f32,
  scoreSum: f32,
): void {
  const end = (<usize>experts) << 2;
  let mean: f32 = 0;
  for (let e: usize = 0; e < end; e += 4) mean += step * <f32>load<u32>(counts + e) * f32.load(scores + e);
  mean /= scoreSum;
  for (let e: usize = 0; e < end; e += 4) {
    f32.store(gradients + e, step === 0 ? 0 : (step * <f32>load<u32>(counts + e) - mean) / scoreSum);
  }
}
