// The layout of Llama and its descendants: what lies where in a block, with the names that a family gives.
import { biasesOf } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { expertLayers, hasExperts } from '../experts-config.ts';
import { qkvColumns } from '../parameters.ts';
import { latentParts } from './latent-layout.ts';
import {
  type FileLayout,
  type FileNames,
  headName,
  linearPart,
  linearParts,
  type Part,
  pairedRows,
  range,
  rowPart,
  wholePart,
} from './parts.ts';

/** How a family of Llama's descendants names what it has, below `layers.N.`. */
export interface DecoderNames {
  /** Norms of a block by our names. */
  readonly norms: Readonly<Record<string, string>>;
  /** Before the layers' number; `layers` unless given. */
  readonly layers?: string;
  readonly embedding?: string;
  /** The table of learned positions. */
  readonly positions?: string;
  readonly finalNorm?: string;
  readonly head?: string;
  /** Attention's own folder, and its projections: three apart, or all in one. */
  readonly attention?: {
    readonly folder: string;
    readonly qkv: readonly [query: string, key: string, value: string] | string;
    /** The tensor's row of our column i, where one projection keeps each head's q, k, v together. */
    readonly order?: (model: ModelConfig) => readonly number[];
    /** Whether channels that turn together lie side by side, (0, 1), (2, 3) …, where ours lie half a head apart. */
    readonly turnsPairs?: boolean;
    readonly projection: string;
  };
  /** Matrices of the feed-forward part: gate and up apart, or in one; without a gate, the first is all. */
  readonly feedForward?: {
    readonly folder?: string;
    readonly expand: readonly string[];
    readonly contract: string;
  };
  readonly experts?: ExpertNames;
}

/** How a family names experts. */
export interface ExpertNames {
  readonly router: string;
  /** Before the expert's number. */
  readonly expert: string;
  readonly matrices: readonly [gate: string, up: string, down: string];
  readonly shared?: string;
  /** What balances without a loss. */
  readonly bias?: string;
}

/** The norms of Llama: before attention, and before the feed-forward part. */
export const llamaNorms = {
  attentionNorm: 'input_layernorm',
  ffnNorm: 'post_attention_layernorm',
} as const;

/** The norms of Gemma 2 and 3: before and after each part. */
export const sandwichNorms = {
  attentionNorm: 'input_layernorm',
  attentionOutputNorm: 'post_attention_layernorm',
  ffnNorm: 'pre_feedforward_layernorm',
  ffnOutputNorm: 'post_feedforward_layernorm',
} as const;

/** The norms of OLMo 2 and 3: of what a part adds. */
export const branchNorms = {
  attentionOutputNorm: 'post_attention_layernorm',
  ffnOutputNorm: 'post_feedforward_layernorm',
} as const;

const llamaAttention = {
  folder: 'self_attn',
  qkv: ['q_proj', 'k_proj', 'v_proj'],
  projection: 'o_proj',
} as const satisfies DecoderNames['attention'];

const llamaFeedForward = { folder: 'mlp', expand: ['gate_proj', 'up_proj'], contract: 'down_proj' } as const;

/** Where experts lie in Transformers 5, whatever the family calls them in its files. */
const fused = { router: 'mlp.gate', expert: 'mlp.experts' } as const;

/** A layout whose Linear weights are [out, in] where ours are [in, out]. */
export function decoderLayout(
  model: ModelConfig,
  { prefix, hasFusedExperts }: FileNames,
  names: DecoderNames,
): FileLayout {
  const { width, vocabulary, sharedExperts, sharedHidden, routerBiasRate } = model;
  const embedding = `${prefix}${names.embedding ?? 'embed_tokens'}.weight`;
  const head = names.head ?? headName;
  const zeros: { name: string; shape: readonly number[] }[] = [];
  const routerBias: Part[] = [];
  const parts = new Map<string, readonly Part[]>([
    ['tokenEmbedding', [wholePart(embedding, [vocabulary, width])]],
    ['finalNorm', normParts(model, `${prefix}${names.finalNorm ?? 'norm'}`)],
    ['head', [wholePart(head, [vocabulary, width])]],
    ['routerBias', routerBias],
    ['positionEmbedding', [wholePart(`${prefix}${names.positions}.weight`, [model.context, width])]],
  ]);
  for (let layer = 0; layer < model.layers; layer++) {
    const ours = `layers.${layer}.`;
    const theirs = `${prefix}${names.layers ?? 'layers'}.${layer}.`;
    for (const [norm, name] of Object.entries(names.norms))
      parts.set(`${ours}${norm}`, normParts(model, `${theirs}${name}`));
    const attention = names.attention ?? llamaAttention;
    const below = `${theirs}${attention.folder}.`;
    const attentionParts =
      model.attention === 'latent' ? latentParts(model, below) : headParts(model, below, attention);
    for (const [name, of] of attentionParts) parts.set(`${ours}attention.${name}`, of);
    if (!hasExperts(model, layer) || !names.experts) {
      const feedForward = names.feedForward ?? llamaFeedForward;
      for (const [name, of] of feedForwardParts(
        `${theirs}${feedForward.folder ?? 'mlp'}.`,
        model,
        feedForward,
      ))
        parts.set(`${ours}ffn.${name}`, of);
      continue;
    }
    const { experts } = names;
    const [router, of] = hasFusedExperts
      ? [fused.router, fusedParts(model, theirs)]
      : [experts.router, expertParts(model, theirs, experts)];
    parts.set(`${ours}experts.router`, [linearPart(`${theirs}${router}`, width, model.experts)]);
    for (const [name, part] of of) parts.set(`${ours}experts.${name}`, part);
    const sizes = { width, hidden: sharedExperts * sharedHidden };
    for (const [name, part] of feedForwardParts(`${theirs}${experts.shared}.`, sizes, llamaFeedForward))
      parts.set(`${ours}sharedExperts.${name}`, part);
    if (experts.bias === undefined) continue;
    const bias = rowPart(`${theirs}${experts.bias}`, model.experts);
    if (routerBiasRate > 0) routerBias.push({ ...bias, row: expertLayers(model).indexOf(layer) });
    else zeros.push(bias);
  }
  return { parts, zeros, embedding, head };
}

type Named = readonly (readonly [name: string, parts: readonly Part[]])[];

/** A norm's weight, and the bias below it where it has one. */
function normParts(model: ModelConfig, name: string): Part[] {
  const row = (of: string, index: number): Part => ({ ...rowPart(`${name}.${of}`, model.width), row: index });
  return biasesOf(model).norm ? [row('weight', 0), row('bias', 1)] : [row('weight', 0)];
}

/** Queries, keys and values side by side, their norms, sinks, and the projection after attention. Halves are rotated, as ours. */
function headParts(model: ModelConfig, prefix: string, names: NonNullable<DecoderNames['attention']>): Named {
  const { width, headSize, queryKeyNorm } = model;
  const { query, key } = qkvColumns(model);
  const biases = biasesOf(model);
  const norm = (all: number) => (queryKeyNorm === 'all' ? all : headSize);
  const { qkv: apart, order, turnsPairs } = names;
  const columns = query + 2 * key;
  const paired = (heads: number) => (turnsPairs ? pairedRows(heads, headSize) : undefined);
  const qkv =
    typeof apart === 'string'
      ? linearParts(width, [[`${prefix}${apart}`, columns, order?.(model)]])
      : linearParts(width, [
          [`${prefix}${apart[0]}`, query, paired(model.heads)],
          [`${prefix}${apart[1]}`, key, paired(model.keyValueHeads)],
          [`${prefix}${apart[2]}`, key],
        ]);
  const projection = linearParts(query, [[`${prefix}${names.projection}`, width]]);
  return [
    ['qkv', qkv.weights],
    ['projection', projection.weights],
    ...(biases.qkv ? ([['qkvBias', qkv.biases]] as const) : []),
    ...(biases.projection ? ([['projectionBias', projection.biases]] as const) : []),
    ['queryNorm', [rowPart(`${prefix}q_norm.weight`, norm(query))]],
    ['keyNorm', [rowPart(`${prefix}k_norm.weight`, norm(key))]],
    ['sinks', [rowPart(`${prefix}sinks`, model.heads)]],
  ];
}

function feedForwardParts(
  prefix: string,
  model: Pick<ModelConfig, 'width' | 'hidden'> & Partial<ModelConfig>,
  { expand, contract }: NonNullable<DecoderNames['feedForward']>,
): Named {
  const { width, hidden, gated = true } = model;
  const columns = ((gated ? 2 : 1) * hidden) / expand.length;
  const into = linearParts(
    width,
    expand.map((name) => [`${prefix}${name}`, columns] as const),
  );
  const out = linearParts(hidden, [[`${prefix}${contract}`, width]]);
  const ours = gated ? 'gateUp' : 'expand';
  const hasBiases = 'bias' in model && biasesOf(model as ModelConfig).ffn;
  return [
    [ours, into.weights],
    ['contract', out.weights],
    ...(hasBiases
      ? ([
          [`${ours}Bias`, into.biases],
          ['contractBias', out.biases],
        ] as const)
      : []),
  ];
}

/** The matrices of all experts one below the other. */
function expertParts(
  { width, experts, expertHidden }: ModelConfig,
  prefix: string,
  names: ExpertNames,
): Named {
  const stacked = new Map<string, Part[]>();
  const [gate, up, contract] = names.matrices;
  for (let expert = 0; expert < experts; expert++) {
    const sizes = { width, hidden: expertHidden };
    const one = feedForwardParts(`${prefix}${names.expert}.${expert}.`, sizes, {
      expand: [gate, up],
      contract,
    });
    for (const [name, parts] of one) {
      const below = parts.map((part) => ({ ...part, row: expert * part.rows }));
      stacked.set(name, [...(stacked.get(name) ?? []), ...below]);
    }
  }
  return [...stacked];
}

/** The same from one tensor of all experts, [E, out, in]. */
function fusedParts({ width, experts, expertHidden }: ModelConfig, prefix: string): Named {
  const stack = (name: string, inputs: number, outputs: number): Part[] =>
    range(experts, 0).map((expert) => ({
      ...linearPart(`${prefix}${fused.expert}.${name}`, inputs, outputs),
      name: `${prefix}${fused.expert}.${name}`,
      shape: [experts, outputs, inputs],
      row: expert * inputs,
      fileOrder: range(outputs, expert * outputs),
    }));
  return [
    ['gateUp', stack('gate_up_proj', width, 2 * expertHidden)],
    ['contract', stack('down_proj', expertHidden, width)],
  ];
}
