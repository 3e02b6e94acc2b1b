// Gemma 2 in Hugging Face's layout: norms before and after each part, capped scores and logits, every other layer local.
import type { ModelConfig } from '../config.ts';
import type { ConfigReader } from '../huggingface/config-reader.ts';
import {
  headsDivideWidth,
  readDecoder,
  readScoreScalar,
  writeDecoder,
  writeScoreScalar,
} from '../huggingface/decoder.ts';
import { decoderLayout, sandwichNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { readLayerTypes, readWindow, readWindows, writeLayerTypes } from '../huggingface/windows.ts';

const biases = ['attention'] as const;
const activation = ['hidden_activation', 'gelu_pytorch_tanh'] as const;

/** Gemma 2 (Gemma Team 2024, arXiv 2408.00118; Gemma2ForCausalLM). */
export const gemma2: Family = {
  type: 'gemma2',
  opens: headsDivideWidth,
  prefix: 'model.',
  read,
  write: (model) => ({
    ...writeDecoder(model, ['gemma2', 'Gemma2'], { biases, activation }),
    sliding_window: model.window,
    layer_types: writeLayerTypes(model),
    query_pre_attn_scalar: writeScoreScalar(model),
    attn_logit_softcapping: model.attentionSoftcap || null,
    final_logit_softcapping: model.logitSoftcap || null,
  }),
  layout: (model, names) => decoderLayout(model, names, { norms: sandwichNorms }),
};

function read(reader: ConfigReader): Partial<ModelConfig> {
  const sizes = { keyValueHeads: 4, headSize: 256, tiedHead: true };
  const decoder = readDecoder(reader, { normEpsilon: 1e-6, ropeBase: 10000, ...sizes, biases, activation });
  const { layers = 0 } = decoder;
  reader.ignore('hidden_act'); // published files have it beside hidden_activation, which is what is read
  reader.only('use_bidirectional_attention', false, 'lets tokens see those after them');
  const cap = (key: string, byDefault: number) => (reader.isNull(key) ? 0 : reader.number(key, byDefault));
  const letters = readLayerTypes(reader, layers, 'LG'.repeat(layers).slice(0, layers));
  return {
    ...decoder,
    ...readWindows(letters, readWindow(reader, 4096)),
    normPlacement: 'sandwich',
    normOffset: true,
    embeddingScale: 'sqrtWidth',
    ...readScoreScalar(reader, decoder.headSize),
    attentionSoftcap: cap('attn_logit_softcapping', 50),
    logitSoftcap: cap('final_logit_softcapping', 30),
  };
}
