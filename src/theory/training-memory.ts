// Bytes that training keeps: weights, gradients, moments and activations, by a rule of a few products.
import { type Architecture, countArchitecture, expertParameters } from './architecture.ts';
import { refuseInput } from './assumptions.ts';
import { type PressModel, pressCosts } from './press.ts';

/** Bytes of a training run by what they hold. */
export interface TrainingMemory {
  readonly weights: number;
  readonly gradients: number;
  /** Two of AdamW for every weight. */
  readonly moments: number;
  /** What the backward pass reads again, no layer recomputed, no T×T scores kept. */
  readonly activations: number;
  readonly total: number;
  /** The largest matrix that a kernel must see whole: tables may be bound in blocks. */
  readonly largestMatrix: { readonly name: string; readonly bytes: number };
}

/** Values of float32, in bytes: what Flopscope trains with. */
export const trainedValueBytes = 4;

/** The rule in words, for captions. */
export const trainingMemoryRule =
  'float32 weights, their gradients and two moments of AdamW, 16 bytes a parameter; and of every layer the inputs of ' +
  'its matrices, norms and activation, q, k and v, 16·d values a token where F is 4d (Korthikanti et al. 2022, ' +
  'arXiv 2205.05198, section 4.1, without dropout’s masks and without scores, which flash attention computes again)';

/**
 * Memory of training on so many tokens at a time.
 * @param tokens B·T of one micro-batch
 * @throws an ImpossibleInputError for no tokens
 */
export function trainingMemory(model: PressModel | Architecture, tokens: number): TrainingMemory {
  if (!(Number.isFinite(tokens) && tokens >= 1)) {
    refuseInput(`training memory: the tokens of a batch are impossible: ${tokens}. Give 1 or more.`);
  }
  const isArchitecture = 'feedForward' in model;
  const parameters = isArchitecture ? countArchitecture(model).total : pressCosts(model).parameters;
  const weights = trainedValueBytes * parameters;
  const perToken = isArchitecture ? layerActivations(model) : 16 * model.width * model.layers;
  const activations = trainedValueBytes * tokens * perToken;
  const largestMatrix = isArchitecture
    ? largestOf(model)
    : { name: 'matrix of the FFN', bytes: trainedValueBytes * 4 * model.width ** 2 };
  return {
    weights,
    gradients: weights,
    moments: 2 * weights,
    activations,
    largestMatrix,
    total: 4 * weights + activations,
  };
}

/** Values that all layers keep of one token. */
function layerActivations(model: Architecture): number {
  const { layers, width, heads, keyValueHeads, headSize, latentAttention: mla, feedForward: ffn } = model;
  const attention = mla
    ? mla.queryRank +
      mla.latent +
      heads * (2 * mla.keySize + mla.decoupledKey + 2 * mla.valueSize) +
      mla.decoupledKey
    : 2 * (heads + keyValueHeads) * headSize; // q, k, v and their mixture
  const norms = 2 * model.normsPerLayer * width; // what goes in and what comes out
  const dense = (hidden: number, gated: boolean) => (gated ? 3 : 2) * hidden;
  if (ffn.kind === 'dense') return layers * (norms + attention + dense(ffn.hidden, ffn.gated));
  const mixture = dense(ffn.hidden * (ffn.expertsPerToken + ffn.sharedExperts), true);
  return (
    layers * (norms + attention) +
    ffn.denseLayers * dense(ffn.denseHidden, true) +
    (layers - ffn.denseLayers) * mixture
  );
}

function largestOf({ width, heads, keyValueHeads, headSize, latentAttention, feedForward }: Architecture) {
  const ffn =
    feedForward.kind === 'dense'
      ? width * feedForward.hidden * (feedForward.gated ? 2 : 1) // gate and up lie side by side
      : (feedForward.experts * expertParameters(width, feedForward.hidden) * 2) / 3;
  const qkv = latentAttention ? 0 : width * (heads + 2 * keyValueHeads) * headSize;
  const name = feedForward.kind === 'dense' ? 'matrix of the FFN' : 'matrix of a layer’s experts';
  return qkv > ffn
    ? { name: 'matrix of q, k and v', bytes: trainedValueBytes * qkv }
    : { name, bytes: trainedValueBytes * ffn };
}
