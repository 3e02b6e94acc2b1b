// The parameters of a model in our own layout: names, shapes, decay and how each starts.
//
// A linear layer is y = x·w + b with w: [in, out]. Query, key and value columns lie side by side, as do gate and up. A LayerNorm
// with bias is [2, C], scale above bias: a dispatch may bind a written buffer once only, so both gradients share one tensor.
import type { ModelConfig } from './config.ts';

/** How a parameter starts. */
export type Initialisation =
  /** Normal with mean 0. */
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  /** First row ones, second row zeros: a LayerNorm's scale and bias. */
  | { readonly kind: 'scaleAndBias' };

/** One parameter. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Weight decay applies: two or more dimensions in the usual layout, embeddings included, norms and biases not. */
  readonly decay: boolean;
  readonly initialisation: Initialisation;
}

/** Deviation of GPT-2's initial weights (Radford et al. 2019, as in nanoGPT). */
const deviation = 0.02;

/**
 * All parameters in the order of the forward pass.
 * @throws if the vocabulary is not known yet (0).
 */
export function parameterSpecs(model: ModelConfig): ParameterSpec[] {
  const { layers, width, context, vocabulary } = model;
  if (vocabulary < 1) {
    throw new Error(`parameters: model.vocabulary is ${vocabulary}. Take it from the tokenizer first.`);
  }
  return [
    matrix('tokenEmbedding', vocabulary, width),
    ...(model.position === 'learned' ? [matrix('positionEmbedding', context, width)] : []),
    ...Array.from({ length: layers }, (_, layer) => layerSpecs(model, `layers.${layer}.`)).flat(),
    norm(model, 'finalNorm'),
    ...(model.tiedHead ? [] : [matrix('head', vocabulary, width)]),
  ];
}

/** Which tables a count of parameters takes in; a tied head is the token embedding and counts once. */
export interface CountOptions {
  /** Token embedding (and head, when it is its own); true by default. */
  readonly embeddings?: boolean;
  /** Position embedding; true by default. */
  readonly positions?: boolean;
}

/** Numbers that are trained. */
export function countParameters(model: ModelConfig, options: CountOptions = {}): number {
  const { embeddings = true, positions = true } = options;
  return parameterSpecs(model)
    .filter(({ name }) => {
      if (name === 'tokenEmbedding' || name === 'head') return embeddings;
      return name !== 'positionEmbedding' || positions;
    })
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Columns of query, of key (and of value) in `attention.qkv`. */
export function qkvColumns(model: ModelConfig): { readonly query: number; readonly key: number } {
  return { query: model.heads * model.headSize, key: model.keyValueHeads * model.headSize };
}

function layerSpecs(model: ModelConfig, prefix: string): ParameterSpec[] {
  const { width, hidden } = model;
  const { query, key } = qkvColumns(model);
  // Two projections per layer write into the residual stream: their sum keeps its scale (Radford et al. 2019).
  const residual = deviation / Math.sqrt(2 * model.layers);
  const linear = (name: string, inputs: number, outputs: number, spread = deviation): ParameterSpec[] => [
    matrix(`${prefix}${name}`, inputs, outputs, spread),
    ...(model.bias ? [vector(`${prefix}${name}Bias`, outputs)] : []),
  ];
  const expand = model.gated ? linear('ffn.gateUp', width, 2 * hidden) : linear('ffn.expand', width, hidden);
  return [
    norm(model, `${prefix}attentionNorm`),
    ...linear('attention.qkv', width, query + 2 * key),
    ...linear('attention.projection', query, width, residual),
    norm(model, `${prefix}ffnNorm`),
    ...expand,
    ...linear('ffn.contract', hidden, width, residual),
  ];
}

function matrix(name: string, rows: number, columns: number, spread = deviation): ParameterSpec {
  const initialisation: Initialisation = { kind: 'normal', deviation: spread };
  return { name, shape: [rows, columns], decay: true, initialisation };
}

function vector(name: string, size: number): ParameterSpec {
  return { name, shape: [size], decay: false, initialisation: { kind: 'zeros' } };
}

function norm(model: ModelConfig, name: string): ParameterSpec {
  return model.norm === 'layerNorm' && model.bias
    ? { name, shape: [2, model.width], decay: false, initialisation: { kind: 'scaleAndBias' } }
    : { name, shape: [model.width], decay: false, initialisation: { kind: 'ones' } };
}
