// Where each of our parameters lies in a Hugging Face file: names, regions and transposes.
//
// GPT-2's Conv1D weights are [in, out] as ours; Llama's Linear weights are [out, in]. Llama rotates halves, as our kernels do,
// so query and key rows need no permutation.
import { biasesOf } from './block-config.ts';
import type { ModelConfig } from './config.ts';
import { layoutOf } from './huggingface-config.ts';
import { parameterSpecs, qkvColumns } from './parameters.ts';

/** A region of one of our parameters (seen as a matrix) that is a tensor of the file, perhaps transposed. */
export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  readonly isTransposed: boolean;
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

/** The head in both layouts; it never has a prefix. */
export const headName = 'lm_head.weight';
const prefixes = { gpt2: 'transformer.', llama: 'model.', flopscope: '' } as const;

/** The prefix of a file's names: the layout's usual one, or none. Without names, the usual one. */
export function prefixIn(model: ModelConfig, names?: Iterable<string>): string {
  const prefix = prefixes[layoutOf(model)];
  if (!names) return prefix;
  for (const name of names) if (prefix !== '' && name.startsWith(prefix)) return prefix;
  return '';
}

/** The layout of a model's file whose names have this prefix. */
export function fileLayout(model: ModelConfig, prefix: string): FileLayout {
  const layout = layoutOf(model);
  if (layout === 'gpt2') return gpt2Layout(model, prefix);
  if (layout === 'llama') return llamaLayout(model, prefix);
  const parts = new Map(parameterSpecs(model).map((spec) => [spec.name, [wholePart(spec.name, spec.shape)]]));
  return { parts, zeros: [], embedding: 'tokenEmbedding' };
}

function gpt2Layout(model: ModelConfig, prefix: string): FileLayout {
  const { width, hidden, vocabulary, context } = model;
  const bias = biasesOf(model).qkv;
  const parts = new Map<string, readonly Part[]>();
  const zeros: { name: string; shape: readonly number[] }[] = [];
  const bareBias = (name: string, size: number): void => {
    if (!bias) zeros.push({ name, shape: [size] });
  };
  const norm = (ours: string, theirs: string): void => {
    const row = (name: string, index: number): Part => ({
      ...rowPart(`${prefix}${theirs}.${name}`, width),
      row: index,
    });
    parts.set(ours, bias ? [row('weight', 0), row('bias', 1)] : [row('weight', 0)]);
    bareBias(`${prefix}${theirs}.bias`, width);
  };
  const linear = (ours: string, theirs: string, inputs: number, outputs: number): void => {
    parts.set(ours, [wholePart(`${prefix}${theirs}.weight`, [inputs, outputs])]);
    if (bias) parts.set(`${ours}Bias`, [rowPart(`${prefix}${theirs}.bias`, outputs)]);
    bareBias(`${prefix}${theirs}.bias`, outputs);
  };
  const embedding = `${prefix}wte.weight`;
  parts.set('tokenEmbedding', [wholePart(embedding, [vocabulary, width])]);
  parts.set('positionEmbedding', [wholePart(`${prefix}wpe.weight`, [context, width])]);
  for (let layer = 0; layer < model.layers; layer++) {
    const [ours, theirs] = [`layers.${layer}.`, `h.${layer}.`];
    norm(`${ours}attentionNorm`, `${theirs}ln_1`);
    linear(`${ours}attention.qkv`, `${theirs}attn.c_attn`, width, 3 * width);
    linear(`${ours}attention.projection`, `${theirs}attn.c_proj`, width, width);
    norm(`${ours}ffnNorm`, `${theirs}ln_2`);
    linear(`${ours}ffn.expand`, `${theirs}mlp.c_fc`, width, hidden);
    linear(`${ours}ffn.contract`, `${theirs}mlp.c_proj`, hidden, width);
  }
  norm('finalNorm', 'ln_f');
  parts.set('head', [wholePart(headName, [vocabulary, width])]);
  return { parts, zeros, embedding };
}

function llamaLayout(model: ModelConfig, prefix: string): FileLayout {
  const { width, hidden, vocabulary } = model;
  const has = biasesOf(model);
  const { query, key } = qkvColumns(model);
  const parts = new Map<string, readonly Part[]>();
  // Several matrices [out, in] of the file become column ranges of one [in, outs] of ours.
  const linear = (
    ours: string,
    inputs: number,
    matrices: readonly (readonly [name: string, outputs: number])[],
  ): void => {
    let column = 0;
    const weights: Part[] = [];
    const biases: Part[] = [];
    for (const [name, outputs] of matrices) {
      const shape = [outputs, inputs];
      const region = { row: 0, column, rows: inputs, columns: outputs };
      weights.push({ name: `${prefix}${name}.weight`, shape, ...region, isTransposed: true });
      biases.push({ ...rowPart(`${prefix}${name}.bias`, outputs), column });
      column += outputs;
    }
    parts.set(ours, weights);
    if (ours.includes('.attention.') ? has.qkv : has.ffn) parts.set(`${ours}Bias`, biases);
  };
  const embedding = `${prefix}embed_tokens.weight`;
  parts.set('tokenEmbedding', [wholePart(embedding, [vocabulary, width])]);
  for (let layer = 0; layer < model.layers; layer++) {
    const [ours, theirs] = [`layers.${layer}.`, `layers.${layer}.`];
    const attention = `${theirs}self_attn.`;
    parts.set(`${ours}attentionNorm`, [rowPart(`${prefix}${theirs}input_layernorm.weight`, width)]);
    linear(`${ours}attention.qkv`, width, [
      [`${attention}q_proj`, query],
      [`${attention}k_proj`, key],
      [`${attention}v_proj`, key],
    ]);
    linear(`${ours}attention.projection`, query, [[`${attention}o_proj`, width]]);
    parts.set(`${ours}ffnNorm`, [rowPart(`${prefix}${theirs}post_attention_layernorm.weight`, width)]);
    linear(`${ours}ffn.gateUp`, width, [
      [`${theirs}mlp.gate_proj`, hidden],
      [`${theirs}mlp.up_proj`, hidden],
    ]);
    linear(`${ours}ffn.contract`, hidden, [[`${theirs}mlp.down_proj`, width]]);
  }
  parts.set('finalNorm', [rowPart(`${prefix}norm.weight`, width)]);
  parts.set('head', [wholePart(headName, [vocabulary, width])]);
  return { parts, zeros: [], embedding };
}

function wholePart(name: string, shape: readonly number[]): Part {
  const [rows, columns] = matrixShape(shape);
  return { name, shape, row: 0, column: 0, rows, columns, isTransposed: false };
}

function rowPart(name: string, size: number): Part {
  return wholePart(name, [size]);
}

/** Rows and columns; a vector is one row, and the matrices of several experts lie one below the other. */
export function matrixShape(shape: readonly number[]): [rows: number, columns: number] {
  const columns = shape.at(-1) ?? 1;
  return [shape.slice(0, -1).reduce((product, size) => product * size, 1), columns];
}
