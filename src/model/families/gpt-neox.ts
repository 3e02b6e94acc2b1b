// GPT-NeoX and Pythia in Hugging Face's layout: both parts beside each other, a quarter of each head turns, q, k, v by head.
import { biasesOf } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { headsDivideWidth, readDecoder, readDropout, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { range } from '../huggingface/parts.ts';

const epsilonKey = 'layer_norm_eps';
const activation = ['hidden_act', 'gelu'] as const;
const rates = ['attention_dropout', 'hidden_dropout'] as const;

/** GPT-NeoX (Black et al. 2022, arXiv 2204.06745; GPTNeoXForCausalLM), of which Pythia is one. */
export const gptNeoX: Family = {
  type: 'gpt_neox',
  opens: headsDivideWidth,
  prefix: 'gpt_neox.',
  read: (reader) => {
    const kind = { norm: 'layerNorm', gated: false, epsilonKey, activation, rates } as const;
    const decoder = readDecoder(reader, { ...kind, normEpsilon: 1e-5, ropeBase: 10000, ropeFraction: 0.25 });
    reader.ignore('num_key_value_heads');
    const hasBiases = reader.boolean('attention_bias', true);
    return {
      ...decoder,
      keyValueHeads: decoder.heads ?? 0,
      ...readDropout(reader, rates, 0),
      bias: true,
      ...(hasBiases ? {} : ({ qkvBias: 'off', projectionBias: 'off' } as const)),
      ...(reader.boolean('use_parallel_residual', true)
        ? ({ parallelBlocks: true, parallelNorms: 'own' } as const)
        : {}),
    };
  },
  write: (model) => {
    const {
      num_key_value_heads: _,
      head_dim: __,
      rope_theta: base,
      ...keys
    } = writeDecoder(model, ['gpt_neox', 'GPTNeoX'], { activation, epsilonKey });
    return {
      ...keys,
      ...Object.fromEntries(rates.map((key) => [key, model.dropout])),
      rotary_emb_base: base ?? null,
      rotary_pct: model.ropeFraction,
      attention_bias: biasesOf(model).qkv,
      use_parallel_residual: model.parallelBlocks,
    };
  },
  layout: (model, names) =>
    decoderLayout(model, names, {
      norms: llamaNorms,
      embedding: 'embed_in',
      finalNorm: 'final_layer_norm',
      head: 'embed_out.weight',
      attention: { folder: 'attention', qkv: 'query_key_value', order: rowsByHead, projection: 'dense' },
      feedForward: { expand: ['dense_h_to_4h'], contract: 'dense_4h_to_h' },
    }),
};

/** Rows of the fused projection, [head][query, key, value][channel], in our order, [query, key, value][head][channel]. */
function rowsByHead({ heads, headSize }: ModelConfig): number[] {
  return range(3, 0).flatMap((part) =>
    range(heads, 0).flatMap((head) => range(headSize, (3 * head + part) * headSize)),
  );
}
