// Parts of our parameters as tensors of a file: the pieces of which every layout is put together.
import { scoreSize } from '../attention-config.ts';
import { biasesOf } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { expertLayers, hasExperts } from '../experts-config.ts';
import { qkvColumns } from '../parameters.ts';

/** A region of one of our parameters (seen as a matrix) that is a tensor of the file or rows of it, perhaps transposed. */
export interface Part {
  readonly name: string;
  /** Shape of the whole tensor. */
  readonly shape: readonly number[];
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  readonly isTransposed: boolean;
  /** Of a transposed part: the tensor's row that is our column `column + i`; i unless given. */
  readonly fileRows?: readonly number[];
}

/** How a model lies in a file. */
export interface FileLayout {
  /** Parts by our parameter's name. */
  readonly parts: ReadonlyMap<string, readonly Part[]>;
  /** Zeros that the layout demands and the model has not (biases). */
  readonly zeros: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The token embedding's name in the file. */
  readonly embedding: string;
}

/** The head in all layouts; it never has a prefix. */
export const headName = 'lm_head.weight';

/** How a family of Llama's descendants names what it has, below `layers.N.`. */
export interface DecoderNames {
  /** Norms of a block by our names. */
  readonly norms: Readonly<Record<string, string>>;
  readonly experts?: {
    readonly router: string;
    /** Before the expert's number. */
    readonly expert: string;
    readonly matrices: readonly [gate: string, up: string, down: string];
    readonly shared?: string;
    /** What balances without a loss. */
    readonly bias?: string;
  };
}

/** The norms of Llama: before attention, and before the feed-forward part. */
export const llamaNorms = {
  attentionNorm: 'input_layernorm',
  ffnNorm: 'post_attention_layernorm',
} as const;

const denseMatrices = ['gate_proj', 'up_proj', 'down_proj'] as const;

/** The layout of Llama and its descendants, whose Linear weights are [out, in] where ours are [in, out]. */
export function decoderLayout(model: ModelConfig, prefix: string, names: DecoderNames): FileLayout {
  const { width, hidden, vocabulary, sharedExperts, sharedHidden, routerBiasRate } = model;
  const embedding = `${prefix}embed_tokens.weight`;
  const zeros: { name: string; shape: readonly number[] }[] = [];
  const routerBias: Part[] = [];
  const parts = new Map<string, readonly Part[]>([
    ['tokenEmbedding', [wholePart(embedding, [vocabulary, width])]],
    ['finalNorm', [rowPart(`${prefix}norm.weight`, width)]],
    ['head', [wholePart(headName, [vocabulary, width])]],
    ['routerBias', routerBias],
  ]);
  for (let layer = 0; layer < model.layers; layer++) {
    const ours = `layers.${layer}.`;
    const theirs = `${prefix}${ours}`;
    for (const [norm, name] of Object.entries(names.norms)) {
      parts.set(`${ours}${norm}`, [rowPart(`${theirs}${name}.weight`, width)]);
    }
    const attention = model.attention === 'latent' ? latentParts : headParts;
    for (const [name, of] of attention(model, `${theirs}self_attn.`))
      parts.set(`${ours}attention.${name}`, of);
    if (!hasExperts(model, layer) || !names.experts) {
      const biases = biasesOf(model).ffn;
      for (const [name, of] of feedForwardParts(`${theirs}mlp.`, width, hidden, denseMatrices, biases)) {
        parts.set(`${ours}ffn.${name}`, of);
      }
      continue;
    }
    const { experts } = names;
    for (const [name, of] of expertParts(model, theirs, experts)) parts.set(`${ours}experts.${name}`, of);
    const shared = `${theirs}${experts.shared}.`;
    for (const [name, of] of feedForwardParts(shared, width, sharedExperts * sharedHidden, denseMatrices)) {
      parts.set(`${ours}sharedExperts.${name}`, of);
    }
    if (experts.bias === undefined) continue;
    const bias = rowPart(`${theirs}${experts.bias}`, model.experts);
    if (routerBiasRate > 0) routerBias.push({ ...bias, row: expertLayers(model).indexOf(layer) });
    else zeros.push(bias);
  }
  return { parts, zeros, embedding };
}

type Named = readonly (readonly [name: string, parts: readonly Part[]])[];

/** Queries, keys and values side by side, their norms, and the projection after attention. Halves are rotated, as ours. */
function headParts(model: ModelConfig, prefix: string): Named {
  const { width, headSize, queryKeyNorm } = model;
  const { query, key } = qkvColumns(model);
  const biases = biasesOf(model);
  const norm = (all: number) => (queryKeyNorm === 'all' ? all : headSize);
  const qkv = linearParts(width, [
    [`${prefix}q_proj`, query],
    [`${prefix}k_proj`, key],
    [`${prefix}v_proj`, key],
  ]);
  const projection = linearParts(query, [[`${prefix}o_proj`, width]]);
  return [
    ['qkv', qkv.weights],
    ['projection', projection.weights],
    ...(biases.qkv ? ([['qkvBias', qkv.biases]] as const) : []),
    ...(biases.projection ? ([['projectionBias', projection.biases]] as const) : []),
    ['queryNorm', [rowPart(`${prefix}q_norm.weight`, norm(query))]],
    ['keyNorm', [rowPart(`${prefix}k_norm.weight`, norm(key))]],
  ];
}

/**
 * Latent attention as DeepSeek's files have it: the latent and the rotated key come from one matrix, and pairs that are
 * rotated lie side by side, (0, 1), (2, 3) …, where ours lie half a head apart.
 */
function latentParts(model: ModelConfig, prefix: string): Named {
  const { width, heads, headSize, latentSize, queryLatentSize, ropeHeadSize, valueHeadSize } = model;
  const size = scoreSize(model);
  const half = ropeHeadSize / 2;
  const rotated = (first: number) =>
    Array.from({ length: ropeHeadSize }, (_, i) => first + 2 * (i % half) + Math.floor(i / half));
  const queryRows = Array.from({ length: heads }, (_, head) => [
    ...range(headSize, head * size),
    ...rotated(head * size + headSize),
  ]).flat();
  const query = (name: string, inputs: number): Part => ({
    ...linearPart(`${prefix}${name}`, inputs, queryRows.length),
    fileRows: queryRows,
  });
  const down = linearPart(`${prefix}kv_a_proj_with_mqa`, width, latentSize + ropeHeadSize);
  return [
    ['query', [query('q_proj', width)]],
    ['queryDown', [linearPart(`${prefix}q_a_proj`, width, queryLatentSize)]],
    ['queryNorm', [rowPart(`${prefix}q_a_layernorm.weight`, queryLatentSize)]],
    ['queryUp', [query('q_b_proj', queryLatentSize)]],
    ['latentDown', [{ ...down, columns: latentSize }]],
    ['latentNorm', [rowPart(`${prefix}kv_a_layernorm.weight`, latentSize)]],
    ['ropeKey', [{ ...down, columns: ropeHeadSize, fileRows: rotated(latentSize) }]],
    ['latentUp', [linearPart(`${prefix}kv_b_proj`, latentSize, heads * (headSize + valueHeadSize))]],
    ['projection', [linearPart(`${prefix}o_proj`, heads * valueHeadSize, width)]],
  ];
}

function feedForwardParts(
  prefix: string,
  width: number,
  hidden: number,
  [gate, up, down]: readonly string[],
  hasBiases = false,
): Named {
  const expand = linearParts(width, [
    [`${prefix}${gate}`, hidden],
    [`${prefix}${up}`, hidden],
  ]);
  const contract = linearParts(hidden, [[`${prefix}${down}`, width]]);
  const weights: Named = [
    ['gateUp', expand.weights],
    ['contract', contract.weights],
  ];
  const biases: Named = [
    ['gateUpBias', expand.biases],
    ['contractBias', contract.biases],
  ];
  return hasBiases ? [...weights, ...biases] : weights;
}

/** The router, and the matrices of all experts one below the other. */
function expertParts(
  { width, experts, expertHidden }: ModelConfig,
  prefix: string,
  names: NonNullable<DecoderNames['experts']>,
): Named {
  const stacked = new Map<string, Part[]>();
  for (let expert = 0; expert < experts; expert++) {
    const one = feedForwardParts(`${prefix}${names.expert}.${expert}.`, width, expertHidden, names.matrices);
    for (const [name, parts] of one) {
      const below = parts.map((part) => ({ ...part, row: expert * part.rows }));
      stacked.set(name, [...(stacked.get(name) ?? []), ...below]);
    }
  }
  return [['router', [linearPart(`${prefix}${names.router}`, width, experts)]], ...stacked];
}

/** Matrices [out, in] of the file that are column ranges of one [in, outs] of ours, and their biases. */
function linearParts(
  inputs: number,
  matrices: readonly (readonly [name: string, outputs: number])[],
): { readonly weights: readonly Part[]; readonly biases: readonly Part[] } {
  let column = 0;
  const weights: Part[] = [];
  const biases: Part[] = [];
  for (const [name, outputs] of matrices) {
    weights.push({ ...linearPart(name, inputs, outputs), column });
    biases.push({ ...rowPart(`${name}.bias`, outputs), column });
    column += outputs;
  }
  return { weights, biases };
}

function linearPart(name: string, inputs: number, outputs: number): Part {
  const shape = [outputs, inputs];
  const region = { row: 0, column: 0, rows: inputs, columns: outputs };
  return { name: `${name}.weight`, shape, ...region, isTransposed: true };
}

function range(count: number, first: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** A parameter that is a tensor of the file as it is. */
export function wholePart(name: string, shape: readonly number[]): Part {
  const [rows, columns] = matrixShape(shape);
  return { name, shape, row: 0, column: 0, rows, columns, isTransposed: false };
}

/** A vector. */
export function rowPart(name: string, size: number): Part {
  return wholePart(name, [size]);
}

/** Rows and columns; a vector is one row, and the matrices of several experts lie one below the other. */
export function matrixShape(shape: readonly number[]): [rows: number, columns: number] {
  const columns = shape.at(-1) ?? 1;
  return [shape.slice(0, -1).reduce((product, size) => product * size, 1), columns];
}
