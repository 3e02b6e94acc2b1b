// Gemma 3 in Hugging Face's layout: norms before and after each part, windows, two rotary bases, scores scaled by a key.
import type { ModelConfig } from '../config.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import {
  headsDivideWidth,
  readDecoder,
  readScoreScalar,
  writeDecoder,
  writeScoreScalar,
} from '../huggingface/decoder.ts';
import { decoderLayout, sandwichNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { readLayerTypes, readWindows, writeLayerTypes } from '../huggingface/windows.ts';

const biases = ['attention'] as const;
const activation = ['hidden_activation', 'gelu_pytorch_tanh'] as const;

/** Gemma 3's text model (Gemma Team 2025; Gemma3ForCausalLM). */
export const gemma3: Family = {
  type: 'gemma3_text',
  opens: headsDivideWidth,
  prefix: 'model.',
  read,
  write,
  layout: (model, names) => decoderLayout(model, names, { norms: sandwichNorms }),
};

function read(reader: ConfigReader): Partial<ModelConfig> {
  const defaults = { normEpsilon: 1e-6, ropeBase: 1e6, localRopeBase: 10000 };
  const sizes = { keyValueHeads: 4, headSize: 256, tiedHead: true };
  const decoder = readDecoder(reader, { ...defaults, ...sizes, biases, activation });
  reader.ignore('hidden_act'); // what is read is hidden_activation
  reader.only('use_bidirectional_attention', false, 'lets tokens see those after them');
  // Transformers has the key and does not use it.
  if (reader.value('attn_logit_softcapping') !== undefined)
    refuse('attn_logit_softcapping is given, and Transformers leaves it out', 'Set it to null.');
  return {
    ...decoder,
    ...readLocalLayers(reader, decoder),
    normPlacement: 'sandwich',
    normOffset: true,
    embeddingScale: 'sqrtWidth',
    queryKeyNorm: 'head',
    ...readScoreScalar(reader, decoder.headSize),
    logitSoftcap: reader.number('final_logit_softcapping', 0),
  };
}

function readLocalLayers(reader: ConfigReader, { layers = 0 }: Partial<ModelConfig>): Partial<ModelConfig> {
  const step = reader.size('sliding_window_pattern', 6);
  const byStep = [...Array(layers).keys()].map((layer) => ((layer + 1) % step === 0 ? 'G' : 'L')).join('');
  return readWindows(readLayerTypes(reader, layers, byStep), reader.size('sliding_window', 4096));
}

function write(model: ModelConfig) {
  return {
    ...writeDecoder(model, ['gemma3_text', 'Gemma3'], { biases, activation }),
    sliding_window: model.window,
    layer_types: writeLayerTypes(model),
    rope_local_base_freq: model.localRopeBase || model.ropeBase,
    query_pre_attn_scalar: writeScoreScalar(model),
    attn_logit_softcapping: null,
    final_logit_softcapping: model.logitSoftcap || null,
    use_bidirectional_attention: false,
  };
}
