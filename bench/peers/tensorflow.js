// The training step in TensorFlow.js on its WebGPU backend: eager operations inside tidy, gradients by variableGrads.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { dependencies } from './package.json';
import { batchSize, model, optimizer, summarise } from './workload.js';

const { add, sub, mul, div, matMul } = tf;
const { layers, heads, width, context, vocabulary, normEpsilon } = model;
const headSize = width / heads;

/** Numbers used in every step, uploaded once; a plain number would be a new upload at each use. */
function makeConstants() {
  const { betas, epsilon, learningRate, weightDecay, clip } = optimizer;
  const past = tf.linalg.bandPart(tf.ones([context, context]), -1, 0);
  const values = {
    normEpsilon,
    half: 0.5,
    one: 1,
    cubic: 0.044715,
    geluScale: Math.sqrt(2 / Math.PI),
    attentionScale: 1 / Math.sqrt(headSize),
    beta1: betas[0],
    beta2: betas[1],
    rest1: 1 - betas[0],
    rest2: 1 - betas[1],
    epsilon,
    decay: 1 - learningRate * weightDecay,
    clip,
    tiny: 1e-6,
  };
  const scalars = Object.entries(values).map(([name, value]) => [name, tf.keep(tf.scalar(value))]);
  return { ...Object.fromEntries(scalars), future: tf.keep(mul(sub(past, 1), 1e9)) };
}

function layerNorm(x, gain, c) {
  const centred = sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return mul(mul(centred, tf.rsqrt(add(variance, c.normEpsilon))), gain);
}

function gelu(x, c) {
  const inner = mul(mul(add(mul(tf.square(x), c.cubic), c.one), x), c.geluScale);
  return mul(mul(add(tf.tanh(inner), c.one), x), c.half);
}

function attention(x, qkv, proj, c) {
  const [q, k, v] = tf
    .split(matMul(x, qkv), 3, -1)
    .map((part) => tf.transpose(tf.reshape(part, [batchSize, context, heads, headSize]), [0, 2, 1, 3]));
  const weights = tf.softmax(add(mul(matMul(q, k, false, true), c.attentionScale), c.future));
  const mixed = tf.transpose(matMul(weights, v), [0, 2, 1, 3]);
  return matMul(tf.reshape(mixed, [batchSize * context, width]), proj);
}

/** Mean cross-entropy of a batch; activations are [B·T, C]. */
function lossOf(p, inputs, targets, c) {
  const embedded = tf.reshape(tf.gather(p.wte, inputs), [batchSize, context, width]);
  let x = tf.reshape(add(embedded, p.wpe), [batchSize * context, width]);
  for (let l = 0; l < layers; l += 1) {
    x = add(x, attention(layerNorm(x, p[`${l}.ln1`], c), p[`${l}.qkv`], p[`${l}.proj`], c));
    const hidden = gelu(matMul(layerNorm(x, p[`${l}.ln2`], c), p[`${l}.fc`]), c);
    x = add(x, matMul(hidden, p[`${l}.fc2`]));
  }
  const logits = matMul(layerNorm(x, p.lnf, c), p.wte, false, true);
  return tf.losses.softmaxCrossEntropy(tf.oneHot(targets, vocabulary), logits);
}

/** AdamW after clipping; rates are [learning rate ÷ (1 − β1ᵗ), 1 ÷ (1 − β2ᵗ)]. */
function update(state, gradients, rates, c) {
  const squares = Object.values(gradients).map((g) => tf.sum(tf.square(g)));
  const norm = tf.sqrt(tf.sum(tf.stack(squares)));
  const scale = tf.minimum(c.one, div(c.clip, add(norm, c.tiny)));
  const [first, second] = rates.map((rate) => tf.scalar(rate));
  for (const [name, { weight, mean, square }] of Object.entries(state)) {
    const g = mul(gradients[name], scale);
    mean.assign(add(mul(mean, c.beta1), mul(g, c.rest1)));
    square.assign(add(mul(square, c.beta2), mul(tf.square(g), c.rest2)));
    const step = div(mul(mean, first), add(tf.sqrt(mul(square, second)), c.epsilon));
    weight.assign(sub(weight.rank > 1 ? mul(weight, c.decay) : weight, step));
  }
}

/**
 * Trains on the batches in order.
 * @param {import('./workload.js').Work} work
 * @returns {Promise<import('./workload.js').Outcome>}
 */
export async function run({ weights, batches, steps, warmUp }) {
  if (!(await tf.setBackend('webgpu'))) throw new Error('tensorflow: no WebGPU device here.');
  await tf.ready();
  const c = tf.tidy(makeConstants);
  const state = Object.fromEntries(
    Object.entries(weights).map(([name, { shape, values }]) => [
      name,
      {
        weight: tf.variable(tf.tensor(values, shape), true, name),
        mean: tf.variable(tf.zeros(shape), false),
        square: tf.variable(tf.zeros(shape), false),
      },
    ]),
  );
  const parameters = Object.fromEntries(Object.entries(state).map(([name, { weight }]) => [name, weight]));
  const { betas, learningRate } = optimizer;
  const losses = [];
  const milliseconds = [];
  for (let t = 1; t <= steps; t += 1) {
    const started = performance.now();
    const { inputs, targets } = batches[t - 1];
    const rates = [learningRate / (1 - betas[0] ** t), 1 / (1 - betas[1] ** t)];
    const loss = tf.tidy(() => {
      const [from, to] = [inputs, targets].map((values) => tf.tensor1d(values, 'int32'));
      const { value, grads } = tf.variableGrads(() => lossOf(parameters, from, to, c));
      update(state, grads, rates, c);
      return value;
    });
    losses.push((await loss.data())[0]);
    loss.dispose();
    milliseconds.push(performance.now() - started);
  }
  return {
    losses,
    stepMilliseconds: summarise(milliseconds.slice(warmUp)),
    backend: tf.getBackend(),
    version: dependencies['@tensorflow/tfjs-core'],
  };
}
