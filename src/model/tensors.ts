// The tensors of one model: its parameters in a store, and the tables that are computed once on the CPU.
import { sinusoidTable } from '../kernels/embedding.ts';
import type { Head } from '../kernels/head-loss.ts';
import { ropeTable } from '../kernels/rope.ts';
import { statisticsStride } from '../kernels/router-statistics.ts';
import { layoutQuantised } from '../plan/quantised-store.ts';
import {
  layoutParameters,
  type OptimizerState,
  type Parameter,
  type ParameterStore,
  persistentTensor,
  trainedParameters,
} from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { adapterSpecs, type LowRankAdapter } from './adapter.ts';
import { layerAttention, rotatedSize } from './attention-config.ts';
import { embeddingFactor } from './block-config.ts';
import type { ModelConfig } from './config.ts';
import { expertLayers } from './experts-config.ts';
import { parameterSpecs } from './parameters.ts';
import { rotationOf } from './rotation.ts';
import { type WeightOptions, weightFormatOf } from './weight-format.ts';

/** A model's places in memory; several plans share them. */
export interface ModelTensors {
  readonly config: ModelConfig;
  readonly store: ParameterStore;
  /** cos and sin by position, [T, rotated size ÷ 2, 2]; only with rotary positions. */
  readonly ropeTable: Tensor | undefined;
  /** The same of local layers that have a base of their own. */
  readonly localRopeTable: Tensor | undefined;
  /** What sinusoidal positions add to embeddings before they are scaled, [T, C]. */
  readonly sinusoids: Tensor | undefined;
  /** Only with experts, in training. */
  readonly experts: RoutersInTraining | undefined;
  /** What is trained beside the model, where it is. */
  readonly adapter: LowRankAdapter | undefined;
}

/** What training keeps of the routers besides their weights. */
export interface RoutersInTraining {
  /** f32 [layers with experts, 4 + 4·E]: sums since somebody cleared them (router-statistics.ts). */
  readonly statistics: Tensor;
  /** Part of a step's auxiliary losses that one micro-batch has. */
  readonly lossShare: number;
}

/** How the store is laid out. */
export interface ModelTensorsOptions extends WeightOptions {
  readonly maxBindingBytes: number;
  /** What the optimizer keeps of parameters; nothing unless given. */
  readonly states?: readonly OptimizerState[];
  readonly gradients: boolean;
  /** Micro-batches of a step; 1 unless given. */
  readonly microBatches?: number;
  /** Whether training leaves a parameter of the model as it is; none unless given, and with an adapter all. */
  readonly isFrozen?: (name: string) => boolean;
  readonly adapter?: LowRankAdapter | undefined;
}

function layoutStore(config: ModelConfig, options: ModelTensorsOptions): ParameterStore {
  const { maxBindingBytes, states = [], gradients, weights = 'f32', adapter } = options;
  const isFrozen = options.isFrozen ?? (adapter ? () => true : undefined);
  const base = parameterSpecs(config).map((spec) =>
    isFrozen?.(spec.name) ? { ...spec, isFrozen: true } : spec,
  );
  const specs = [...base, ...(adapter ? adapterSpecs(adapter) : [])];
  if (weights === 'f32') return layoutParameters(specs, states, maxBindingBytes, gradients);
  if (gradients || states.length > 0)
    throw new Error(`model: weights in ${weights} are for inference only. Train in f32.`);
  return layoutQuantised(specs, maxBindingBytes, (spec) => weightFormatOf(spec, options, config));
}

/** Tables of the vocabulary, which all that read them take in blocks of rows; everything else is bound whole. */
export const tablesInBlocks: ReadonlySet<string> = new Set(['tokenEmbedding', 'head']);

/** Lays out a model. @throws if a parameter exceeds what the device binds, naming it, its bytes and the limit. */
export function createModelTensors(config: ModelConfig, options: ModelTensorsOptions): ModelTensors {
  const store = layoutStore(config, options);
  for (const { name, shape, blocks } of store.parameters.values()) {
    if (blocks.length === 1 || tablesInBlocks.has(name)) continue;
    throw new Error(
      `model: ${name} [${shape.join(', ')}] needs ${4 * elementCount(shape)} bytes, more than this device binds ` +
        `at once (${options.maxBindingBytes}). Lower the width or the hidden size.`,
    );
  }
  return {
    config,
    store,
    ...tablesFor(config),
    experts: routersInTraining(config, options),
    adapter: options.adapter,
  };
}

/** Constant tables, each only where a layer reads it. */
function tablesFor(config: ModelConfig): Pick<ModelTensors, 'ropeTable' | 'localRopeTable' | 'sinusoids'> {
  const { context, width, position, layers } = config;
  const bases = Array.from({ length: layers }, (_, layer) => ropeBaseOf(config, layer));
  const table = (base: 'global' | 'local', name: string) =>
    bases.includes(base)
      ? persistentTensor(name, [context, rotatedSize(config) / 2, 2], 'f32', 'data')
      : undefined;
  return {
    ropeTable: table('global', 'rope table'),
    localRopeTable: table('local', 'local rope table'),
    sinusoids:
      position === 'sinusoidal' ? persistentTensor('sinusoids', [context, width], 'f32', 'data') : undefined,
  };
}

/** Which table a layer rotates by, if it does. */
function ropeBaseOf(config: ModelConfig, layer: number): 'global' | 'local' | undefined {
  const { isRotary, hasLocalRope } = layerAttention(config, layer);
  if (!isRotary) return undefined;
  return hasLocalRope ? 'local' : 'global';
}

/** The table that a layer rotates queries and keys by; none where it knows no positions. */
export function ropeTableOf(model: ModelTensors, layer: number): Tensor | undefined {
  const base = ropeBaseOf(model.config, layer);
  return base && (base === 'local' ? model.localRopeTable : model.ropeTable);
}

function routersInTraining(
  config: ModelConfig,
  { gradients, microBatches = 1 }: ModelTensorsOptions,
): RoutersInTraining | undefined {
  const layers = expertLayers(config).length;
  if (layers === 0 || !gradients) return undefined;
  const shape = [layers, statisticsStride(config.experts)];
  const statistics = persistentTensor('expert statistics', shape, 'f32', 'state');
  return { statistics, lossShare: 1 / microBatches };
}

/** Contents of the constant tables, to be written once. */
export function constantTables(
  model: ModelTensors,
): { readonly tensor: Tensor; readonly values: Float32Array }[] {
  const { config, ropeTable: table, localRopeTable, sinusoids } = model;
  const { context, width } = config;
  const rotated = (layers: 'global' | 'local') => {
    const { frequencies, amplitude } = rotationOf(config, layers);
    return ropeTable(context, frequencies, amplitude);
  };
  // Sines and cosines are added to embeddings that are scaled already (Vaswani et al. 2017, section 3.4).
  return [
    ...(table ? [{ tensor: table, values: rotated('global') }] : []),
    ...(localRopeTable ? [{ tensor: localRopeTable, values: rotated('local') }] : []),
    ...(sinusoids
      ? [{ tensor: sinusoids, values: sinusoidTable(context, width, 1 / embeddingFactor(config)) }]
      : []),
  ];
}

/** A parameter by name. @throws if the model has none of that name. */
export function parameterOf(model: ModelTensors, name: string): Parameter {
  const parameter = model.store.parameters.get(name);
  if (!parameter) throw new Error(`model: there is no parameter ${name}.`);
  return parameter;
}

/** The weight of a parameter that lies in one block. @throws if it was cut in row blocks. */
export function weightOf(model: ModelTensors, name: string): Tensor {
  const { blocks } = parameterOf(model, name);
  const only = blocks[0];
  if (!only || blocks.length > 1)
    throw new Error(`model: ${name} lies in ${blocks.length} blocks, and one is needed.`);
  return only.weight;
}

/** The bias of a linear layer, if it has one. */
export function biasOf(model: ModelTensors, name: string): Tensor | undefined {
  return model.store.parameters.has(name) ? weightOf(model, name) : undefined;
}

/** The table that turns channels into logits, the token embedding when tied, with the cap on them. */
export function headOf(model: ModelTensors): Head {
  const { tiedHead, logitSoftcap: softcap } = model.config;
  return { ...parameterOf(model, tiedHead ? 'tokenEmbedding' : 'head'), softcap };
}

/** Tells a tape where the gradient of every trained parameter goes; with `accumulate` they add to what is there. */
export function registerParameters(tape: Tape, model: ModelTensors, accumulate: 0 | 1): void {
  for (const { blocks } of trainedParameters(model.store)) {
    for (const { weight, gradient } of blocks) tape.parameter(weight, gradient, accumulate);
  }
}
