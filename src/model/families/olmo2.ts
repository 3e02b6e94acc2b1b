// OLMo 2 in Hugging Face's layout: norms on the branches, and of all heads' queries and keys together.
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import type { Family } from '../huggingface/family.ts';
import { decoderLayout } from '../huggingface/parts.ts';

const biases = ['attention'] as const;

/** OLMo 2 (Team OLMo 2024; Olmo2ForCausalLM). Its rope_scaling must be a float there, which JSON of ours cannot promise. */
export const olmo2: Family = {
  type: 'olmo2',
  prefix: 'model.',
  read: (reader) => ({
    ...readDecoder(reader, { normEpsilon: 1e-5, ropeBase: 10000, biases, hasLinearScaling: false }),
    normPlacement: 'branch',
    queryKeyNorm: 'all',
  }),
  write: (model) => writeDecoder(model, ['olmo2', 'Olmo2'], { biases }),
  layout: (model, prefix) =>
    decoderLayout(model, prefix, {
      norms: {
        attentionOutputNorm: 'post_attention_layernorm',
        ffnOutputNorm: 'post_feedforward_layernorm',
      },
    }),
};
