// The parameters of a model in our own layout: names, shapes, decay and how each starts.
//
// A linear layer is y = x·w + b with w: [in, out]. Query, key and value columns lie side by side, as do gate and up. A LayerNorm
// with bias is [2, C], scale above bias: a dispatch may bind a written buffer once only, so both gradients share one tensor.

import type { ParameterShape } from '../plan/store.ts';
import { biasesOf, hasFinalNorm, normsOf } from './block-config.ts';
import type { ModelConfig } from './config.ts';
import { expertLayers, hasExperts } from './experts-config.ts';
import { latentParameters } from './latent-parameters.ts';

/** How a parameter starts. */
export type Initialisation =
  /** Normal with mean 0. */
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  /** First row ones, second row zeros: a LayerNorm's scale and bias. */
  | { readonly kind: 'scaleAndBias' };

/** One parameter. Decayed are two or more dimensions in the usual layout, embeddings included, norms and biases not. */
export interface ParameterSpec extends ParameterShape {
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
    table('tokenEmbedding', vocabulary, width),
    ...(model.position === 'learned' ? [table('positionEmbedding', context, width)] : []),
    ...Array.from({ length: layers }, (_, layer) => layerSpecs(model, layer)).flat(),
    ...routerBias(model),
    ...(hasFinalNorm(model) ? [norm(model, 'finalNorm')] : []),
    ...(model.tiedHead ? [] : [table('head', vocabulary, width)]),
  ];
}

/** Which tables a count of parameters takes in; a tied head is the token embedding and counts once. */
export interface CountOptions {
  /** Token embedding (and head, when it is its own); true by default. */
  readonly embeddings?: boolean;
  /** Position embedding; true by default. */
  readonly positions?: boolean;
}

/** Numbers that gradients train: the routers' bias, which counts move, is a buffer in published models and not among them. */
export function countParameters(model: ModelConfig, options: CountOptions = {}): number {
  const { embeddings = true, positions = true } = options;
  return parameterSpecs(model)
    .filter(({ name }) => {
      if (name === 'routerBias') return false;
      if (name === 'tokenEmbedding' || name === 'head') return embeddings;
      return name !== 'positionEmbedding' || positions;
    })
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Of these, what one token uses: of the routed experts as many as it takes. */
export function countActiveParameters(model: ModelConfig, options: CountOptions = {}): number {
  const idleShare = 1 - model.expertsPerToken / Math.max(1, model.experts);
  const routed = parameterSpecs(model).filter(
    ({ name, shape }) => /\.experts\./.test(name) && shape.length > 2,
  );
  const idle = routed.reduce((sum, { shape }) => sum + idleShare * shape.reduce((a, b) => a * b, 1), 0);
  return countParameters(model, options) - idle;
}

/** Columns of query, of key (and of value) in `attention.qkv`. */
export function qkvColumns(model: ModelConfig): { readonly query: number; readonly key: number } {
  return { query: model.heads * model.headSize, key: model.keyValueHeads * model.headSize };
}

function layerSpecs(model: ModelConfig, layer: number): ParameterSpec[] {
  const { width, hidden } = model;
  const prefix = `layers.${layer}.`;
  const { query, key } = qkvColumns(model);
  const isLatent = model.attention === 'latent';
  const mixed = isLatent ? model.heads * model.valueHeadSize : query;
  // Two projections per layer write into the residual stream: their sum keeps its scale (Radford et al. 2019).
  const residual = deviation / Math.sqrt(2 * model.layers);
  const biases = biasesOf(model);
  const linear = (
    [name, hasBias]: readonly [string, boolean],
    inputs: number,
    outputs: readonly number[],
    spread = deviation,
  ): ParameterSpec[] => [
    sideBySide(`${prefix}${name}`, inputs, outputs, spread),
    ...(hasBias
      ? [
          vector(
            `${prefix}${name}Bias`,
            outputs.reduce((sum, columns) => sum + columns, 0),
          ),
        ]
      : []),
  ];
  const expand = model.gated
    ? linear(['ffn.gateUp', biases.ffn], width, [hidden, hidden])
    : linear(['ffn.expand', biases.ffn], width, [hidden]);
  const feedForward = hasExperts(model, layer)
    ? expertSpecs(model, prefix, residual)
    : [...expand, ...linear(['ffn.contract', biases.ffn], hidden, [width], residual)];
  const { input, branch, sum } = normsOf(model);
  const inputNorm = (part: string) => (input ? [norm(model, `${prefix}${part}Norm`)] : []);
  const outputNorm = (part: string) => (branch || sum ? [norm(model, `${prefix}${part}OutputNorm`)] : []);
  return [
    ...inputNorm('attention'),
    ...(isLatent
      ? latentSpecs(model, prefix)
      : [
          ...linear(['attention.qkv', biases.qkv], width, [query, key, key]),
          ...headSpecs(model, `${prefix}attention.`),
        ]),
    ...linear(['attention.projection', biases.projection], mixed, [width], residual),
    ...outputNorm('attention'),
    // Parallel parts may share the norm before attention.
    ...(model.parallelBlocks && model.parallelNorms === 'shared' ? [] : inputNorm('ffn')),
    ...feedForward,
    ...outputNorm('ffn'),
  ];
}

function latentSpecs(model: ModelConfig, prefix: string): ParameterSpec[] {
  return latentParameters(model).map(({ name, shape }) => {
    const [rows = 1, columns] = shape;
    if (columns !== undefined) return matrix(`${prefix}${name}`, rows, columns);
    return { name: `${prefix}${name}`, shape, decay: false, initialisation: { kind: 'ones' } };
  });
}

/** Norms of queries and keys, and the scores of heads that attend to nothing. */
function headSpecs(model: ModelConfig, prefix: string): ParameterSpec[] {
  const { queryKeyNorm, headSize, heads, attentionSinks } = model;
  const { query, key } = qkvColumns(model);
  const sizes = queryKeyNorm === 'head' ? [headSize, headSize] : [query, key];
  const norms = queryKeyNorm === 'none' ? [] : (['queryNorm', 'keyNorm'] as const);
  return [
    ...norms.map((name, i) => scales(model, `${prefix}${name}`, sizes[i] ?? 1)),
    ...(attentionSinks ? [vector(`${prefix}sinks`, heads)] : []),
  ];
}

/** Router, experts and shared experts of a layer; none of them has biases. */
function expertSpecs(model: ModelConfig, prefix: string, residual: number): ParameterSpec[] {
  const { width, experts, expertHidden, sharedExperts, sharedHidden } = model;
  const expand = model.gated ? 'gateUp' : 'expand';
  const halves = (columns: number) => (model.gated ? [columns, columns] : [columns]);
  const each = (name: string, inputs: number, outputs: readonly number[], spread?: number): ParameterSpec => {
    const spec = sideBySide(`${prefix}experts.${name}`, inputs, outputs, spread);
    return { ...spec, shape: [experts, ...spec.shape] };
  };
  // All shared experts together are one layer of their common size.
  const shared = sharedExperts * sharedHidden;
  return [
    matrix(`${prefix}experts.router`, width, experts),
    each(expand, width, halves(expertHidden)),
    each('contract', expertHidden, [width], residual),
    ...(shared > 0
      ? [
          sideBySide(`${prefix}sharedExperts.${expand}`, width, halves(shared)),
          matrix(`${prefix}sharedExperts.contract`, shared, width, residual),
        ]
      : []),
  ];
}

/** What balances the routers without a loss: no gradient reaches it, the update moves it (router-statistics.ts). */
function routerBias(model: ModelConfig): ParameterSpec[] {
  const layers = expertLayers(model).length;
  if (layers === 0 || model.routerBiasRate === 0) return [];
  const initialisation: Initialisation = { kind: 'zeros' };
  return [{ name: 'routerBias', shape: [layers, model.experts], decay: false, initialisation }];
}

function matrix(name: string, rows: number, columns: number, spread = deviation): ParameterSpec {
  const initialisation: Initialisation = { kind: 'normal', deviation: spread };
  return { name, shape: [rows, columns], decay: true, initialisation };
}

function table(name: string, rows: number, columns: number): ParameterSpec {
  return { ...matrix(name, rows, columns), isTable: true };
}

/** Matrices of the same inputs and of these columns, side by side in one parameter. */
function sideBySide(
  name: string,
  rows: number,
  columns: readonly number[],
  spread = deviation,
): ParameterSpec {
  const all = columns.reduce((sum, count) => sum + count, 0);
  return { ...matrix(name, rows, all, spread), columns };
}

function vector(name: string, size: number): ParameterSpec {
  return { name, shape: [size], decay: false, initialisation: { kind: 'zeros' } };
}

function norm(model: ModelConfig, name: string): ParameterSpec {
  if (!biasesOf(model).norm) return scales(model, name, model.width);
  const initialisation: Initialisation = { kind: model.normOffset ? 'zeros' : 'scaleAndBias' };
  return { name, shape: [2, model.width], decay: false, initialisation };
}

/** Factors of normed values: 1, or their distance from it. */
function scales(model: ModelConfig, name: string, size: number): ParameterSpec {
  return { name, shape: [size], decay: false, initialisation: { kind: model.normOffset ? 'zeros' : 'ones' } };
}
