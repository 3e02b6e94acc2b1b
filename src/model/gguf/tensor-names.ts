// How GGUF names a model's tensors, and how the published families do: `blk.3.attn_q.weight`, `model.layers.3.self_attn.q_proj.weight`.
// Source: the names of gguf-py's tensor_mapping.py, and what convert_hf_to_gguf.py changes in the numbers.

/** Names of one architecture; all stand before `.weight` or `.bias`. */
export interface TensorNames {
  /** Outside the blocks. */
  readonly whole: Readonly<Record<string, string>>;
  /** Before a block's number. */
  readonly prefix: string;
  /** Of a block. */
  readonly layers: Readonly<Record<string, string>>;
  /** Tensors of all experts of a block, by the name of one expert's. */
  readonly experts?: Readonly<Record<string, string>>;
  /** Rows of queries and keys lie as pairs (0, 1), (2, 3) … that turn together; the families' lie half a head apart. */
  readonly turnsPairs?: boolean;
  /** Norms' weights have the 1 in them that the family adds. */
  readonly hasNormOffset?: boolean;
  /** Matrices that the family keeps as [in, out]. */
  readonly transposed?: readonly string[];
  /** Queries, keys and values lie one after the other, where the family keeps each head's together. */
  readonly splitsHeads?: boolean;
}

/** Those of Llama and its descendants. */
export const decoderNames: TensorNames = {
  whole: { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' },
  prefix: 'model.layers',
  layers: {
    attn_norm: 'input_layernorm',
    attn_q: 'self_attn.q_proj',
    attn_k: 'self_attn.k_proj',
    attn_v: 'self_attn.v_proj',
    attn_qkv: 'self_attn.qkv_proj',
    attn_output: 'self_attn.o_proj',
    attn_q_norm: 'self_attn.q_norm',
    attn_k_norm: 'self_attn.k_norm',
    ffn_norm: 'post_attention_layernorm',
    ffn_gate: 'mlp.gate_proj',
    ffn_up: 'mlp.up_proj',
    ffn_down: 'mlp.down_proj',
    ffn_gate_inp: 'block_sparse_moe.gate',
  },
  experts: { ffn_gate_exps: 'w1', ffn_up_exps: 'w3', ffn_down_exps: 'w2' },
};

/** Those of GPT-2, whose matrices are [in, out] in its own files. */
export const gpt2Names: TensorNames = {
  whole: {
    token_embd: 'transformer.wte',
    position_embd: 'transformer.wpe',
    output_norm: 'transformer.ln_f',
    output: 'lm_head',
  },
  prefix: 'transformer.h',
  layers: {
    attn_norm: 'ln_1',
    attn_qkv: 'attn.c_attn',
    attn_output: 'attn.c_proj',
    ffn_norm: 'ln_2',
    ffn_up: 'mlp.c_fc',
    ffn_down: 'mlp.c_proj',
  },
  transposed: ['attn_qkv', 'attn_output', 'ffn_up', 'ffn_down'],
};

/** Those of GPT-NeoX. */
export const neoxNames: TensorNames = {
  whole: { token_embd: 'gpt_neox.embed_in', output_norm: 'gpt_neox.final_layer_norm', output: 'embed_out' },
  prefix: 'gpt_neox.layers',
  layers: {
    attn_norm: 'input_layernorm',
    attn_qkv: 'attention.query_key_value',
    attn_output: 'attention.dense',
    ffn_norm: 'post_attention_layernorm',
    ffn_up: 'mlp.dense_h_to_4h',
    ffn_down: 'mlp.dense_4h_to_h',
  },
  splitsHeads: true,
};

/** Tensors that are no parameters: factors of the rotation, which the configuration takes. */
export const factorNames = {
  all: 'rope_freqs.weight',
  short: 'rope_factors_short.weight',
  long: 'rope_factors_long.weight',
} as const;
