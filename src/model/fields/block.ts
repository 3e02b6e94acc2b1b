// The fields of `model` that say how a block is put together: norms, sums, biases, scales and the cap on the logits.
import type { Field } from './kinds.ts';

const switches = ['same', 'on', 'off'] as const;

/** Fields of blocks, in the order of the form. */
export const blockFields = [
  {
    path: 'model.normPlacement',
    kind: 'choice',
    label: 'Norm placement',
    help:
      'Where norms stand around attention and feed-forward part, f. Pre: x + f(norm x), GPT-2 and Llama. ' +
      'Post: norm(x + f(x)), the transformer of 2017. Sandwich: x + norm(f(norm x)), Gemma 2 and 3. ' +
      'Branch: x + norm(f(x)), OLMo 2. Hybrid: norm(x + f(norm x)), an experiment. Models that end with a norm have no final one.',
    choices: ['pre', 'post', 'sandwich', 'branch', 'hybrid'],
    default: 'pre',
    advanced: true,
  },
  {
    path: 'model.normOffset',
    kind: 'boolean',
    label: 'Norm weights from 1',
    help: 'Norms multiply by 1 + w, w from zero, instead of w from one (Gemma).',
    default: false,
    advanced: true,
  },
  {
    path: 'model.parallelBlocks',
    kind: 'boolean',
    label: 'Parallel blocks',
    help: 'Attention and feed-forward part read one norm of x and are both added to x (GPT-J, PaLM), not one after the other.',
    default: false,
    advanced: true,
  },
  {
    path: 'model.residualScale',
    kind: 'number',
    label: 'Residual scale',
    help: 'Factor on what attention and feed-forward part add to x (Granite 0.22; MiniCPM 1.4 / √L).',
    minimum: 1e-3,
    maximum: 100,
    default: 1,
    advanced: true,
  },
  {
    path: 'model.embeddingScale',
    kind: 'choice',
    label: 'Embedding scale',
    help: 'Embeddings, learned positions included, are multiplied by one or by the root of the width (Gemma).',
    choices: ['one', 'sqrtWidth'],
    default: 'one',
    advanced: true,
  },
  {
    path: 'model.qkvBias',
    kind: 'choice',
    label: 'Bias of Q, K, V',
    help: 'Biases of the projections to queries, keys and values (Qwen 2 has only these). Same: as the biases above.',
    choices: switches,
    default: 'same',
    advanced: true,
  },
  {
    path: 'model.projectionBias',
    kind: 'choice',
    label: 'Bias after attention',
    help: 'Bias of the projection after attention. Same: as the biases above.',
    choices: switches,
    default: 'same',
    advanced: true,
  },
  {
    path: 'model.ffnBias',
    kind: 'choice',
    label: 'Bias of feed-forward',
    help: 'Biases of the feed-forward part; experts have none. Same: as the biases above.',
    choices: switches,
    default: 'same',
    advanced: true,
  },
  {
    path: 'model.normBias',
    kind: 'choice',
    label: 'Bias of norms',
    help: 'Biases of LayerNorm; RMSNorm has none. Same: as the biases above.',
    choices: switches,
    default: 'same',
    onlyIf: { path: 'model.norm', values: ['layerNorm'] },
    advanced: true,
  },
  {
    path: 'model.logitSoftcap',
    kind: 'number',
    label: 'Soft cap of logits',
    help: 'Logits become cap · tanh(logits / cap), so that none is beyond the cap (Gemma 2: 30). 0: no cap.',
    minimum: 0.1,
    maximum: 1e4,
    default: 0,
    automatic: true,
    advanced: true,
  },
] as const satisfies readonly Field[];
