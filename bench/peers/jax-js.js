// The training step in jax-js: one jitted function of loss, gradients, clipping and AdamW.
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { dependencies } from './package.json';
import { batchSize, model, optimizer, summarise } from './workload.js';

const { layers, heads, width, context, vocabulary, normEpsilon } = model;

/** Every array is used up by the function it is passed to; `.ref` keeps one more use. That is jax-js's rule. */
function layerNorm(x, gain) {
  return nn.standardize(x, -1, { epsilon: normEpsilon }).mul(gain);
}

function attention(x, qkv, proj) {
  const split = np.split(np.matmul(x, qkv), 3, -1);
  const [q, k, v] = split.map((part) => part.reshape([batchSize, context, heads, width / heads]));
  const mixed = nn.dotProductAttention(q, k, v, { isCausal: true });
  return np.matmul(mixed.reshape([batchSize, context, width]), proj);
}

/** Mean cross-entropy. The loss picks its targets by one-hot: jit 0.1.25 does not compile takeAlongAxis's gradient. */
function lossOf(p, inputs, targets) {
  let x = np.take(p.wte.ref, inputs, 0).add(p.wpe);
  for (let l = 0; l < layers; l += 1) {
    x = x.ref.add(attention(layerNorm(x, p[`${l}.ln1`]), p[`${l}.qkv`], p[`${l}.proj`]));
    const hidden = nn.gelu(np.matmul(layerNorm(x.ref, p[`${l}.ln2`]), p[`${l}.fc`]));
    x = x.add(np.matmul(hidden, p[`${l}.fc2`]));
  }
  const logits = np.matmul(layerNorm(x, p.lnf), np.transpose(p.wte));
  const chosen = nn.oneHot(targets, vocabulary).mul(nn.logSoftmax(logits));
  return chosen.sum().mul(-1 / (batchSize * context));
}

function sumSquares(gradients) {
  return Object.values(gradients)
    .map((g) => np.square(g.ref).sum())
    .reduce((a, b) => a.add(b));
}

/** scalars: [1 / (1 − β1ᵗ), 1 / (1 − β2ᵗ)]. */
function trainStep(state, inputs, targets, scalars) {
  const { learningRate, betas, epsilon, weightDecay, clip } = optimizer;
  const [loss, gradients] = valueAndGrad(lossOf)(
    Object.fromEntries(Object.entries(state).map(([name, s]) => [name, s.weight.ref])),
    inputs,
    targets,
  );
  const scale = np.minimum(1, np.reciprocal(np.sqrt(sumSquares(gradients)).add(1e-6)).mul(clip));
  const [first, second] = np.split(scalars, 2);
  const next = Object.entries(state).map(([name, s]) => {
    const g = gradients[name].mul(scale.ref);
    const mean = s.mean.mul(betas[0]).add(g.ref.mul(1 - betas[0]));
    const square = s.square.mul(betas[1]).add(np.square(g).mul(1 - betas[1]));
    const root = np.sqrt(square.ref.mul(second.ref)).add(epsilon);
    const decay = s.weight.ndim > 1 ? 1 - learningRate * weightDecay : 1;
    const step = mean.ref.mul(first.ref).div(root).mul(learningRate);
    return [name, { weight: s.weight.mul(decay).sub(step), mean, square }];
  });
  for (const used of [scale, first, second]) used.dispose();
  return [loss, Object.fromEntries(next)];
}

/**
 * Trains on the batches in order, on one of jax-js's devices.
 * @param {import('./workload.js').Work} work
 * @param {'webgpu' | 'wasm'} device
 * @returns {Promise<import('./workload.js').Outcome>}
 */
export async function run({ weights, batches, steps, warmUp }, device = 'webgpu') {
  const devices = await init(device);
  if (!devices.includes(device)) throw new Error(`jax-js: no ${device} device here.`);
  defaultDevice(device);
  let state = Object.fromEntries(
    Object.entries(weights).map(([name, { shape, values }]) => [
      name,
      { weight: np.array(values).reshape(shape), mean: np.zeros(shape), square: np.zeros(shape) },
    ]),
  );
  const step = jit(trainStep);
  const losses = [];
  const milliseconds = [];
  for (let t = 1; t <= steps; t += 1) {
    const started = performance.now();
    const { inputs, targets } = batches[t - 1];
    const [from, to] = [inputs, targets].map((values) =>
      np.array(values, { dtype: np.int32 }).reshape([batchSize, context]),
    );
    const corrections = new Float32Array(optimizer.betas.map((beta) => 1 / (1 - beta ** t)));
    const [loss, next] = step(state, from, to, np.array(corrections));
    state = next;
    losses.push((await loss.data())[0]);
    milliseconds.push(performance.now() - started);
  }
  const stepMilliseconds = summarise(milliseconds.slice(warmUp));
  return { losses, stepMilliseconds, backend: device, version: dependencies['@jax-js/jax'] };
}
