// Granite 3 in Hugging Face's layout: Llama with factors on embeddings, scores, what is added to the residual stream, and logits.
import { significant } from '../../text/rounding.ts';
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';

const biases = ['attention', 'mlp'] as const;

/** Granite 3 (IBM 2024; GraniteForCausalLM). */
export const granite: Family = {
  type: 'granite',
  prefix: 'model.',
  read: (reader) => {
    const decoder = readDecoder(reader, { normEpsilon: 1e-6, ropeBase: 10000, biases });
    const scale = reader.number('attention_multiplier', 1);
    return {
      ...decoder,
      embeddingMultiplier: reader.number('embedding_multiplier', 1),
      residualScale: reader.number('residual_multiplier', 1),
      attentionScale: scale === (decoder.headSize ?? 1) ** -0.5 ? 0 : scale,
      logitScale: 1 / reader.number('logits_scaling', 1),
    };
  },
  write: (model) => ({
    ...writeDecoder(model, ['granite', 'Granite'], { biases }),
    embedding_multiplier: model.embeddingMultiplier,
    residual_multiplier: model.residualScale,
    attention_multiplier: model.attentionScale || model.headSize ** -0.5,
    logits_scaling: significant(1 / model.logitScale, 15),
  }),
  layout: (model, names) => decoderLayout(model, names, { norms: llamaNorms }),
};
