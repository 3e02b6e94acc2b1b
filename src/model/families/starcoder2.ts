// StarCoder2 in Hugging Face's layout: rotary positions and shared keys and values, but LayerNorm, biases and no gate.
import { biasesOf } from '../block-config.ts';
import { readDecoder, readDropout, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { localLayers, readWindow, readWindows } from '../huggingface/windows.ts';

const activation = ['hidden_act', 'gelu_pytorch_tanh'] as const;
const epsilonKey = 'norm_epsilon';
const rates = ['attention_dropout', 'residual_dropout', 'embedding_dropout'] as const;

/** StarCoder2 (Lozhkov et al. 2024, arXiv 2402.19173; Starcoder2ForCausalLM). */
export const starcoder2: Family = {
  type: 'starcoder2',
  prefix: 'model.',
  read: (reader) => {
    const kind = { norm: 'layerNorm', gated: false, epsilonKey, activation, rates } as const;
    const sizes = { normEpsilon: 1e-5, ropeBase: 10000, keyValueHeads: 2, tiedHead: true };
    const decoder = readDecoder(reader, { ...kind, ...sizes });
    // What the published files have from before the family was in Transformers, which reads none of it.
    reader.ignore('activation_function', 'layer_norm_epsilon');
    reader.ignore('attention_softmax_in_fp32', 'scale_attention_softmax_in_fp32');
    reader.only('mlp_type', 'default', 'is another feed-forward part');
    reader.only('norm_type', 'layer_norm', 'is another norm');
    const hasBiases = reader.boolean('use_bias', true);
    return {
      ...decoder,
      ...readDropout(reader, rates, 0),
      bias: hasBiases,
      ...(hasBiases ? {} : ({ normBias: 'on' } as const)),
      ...readWindows('L', readWindow(reader)),
    };
  },
  write: (model) => ({
    ...writeDecoder(model, ['starcoder2', 'Starcoder2'], { activation, epsilonKey }),
    ...Object.fromEntries(rates.map((key) => [key, model.dropout])),
    use_bias: biasesOf(model).qkv,
    sliding_window: localLayers(model).includes(true) ? model.window : null,
  }),
  layout: (model, names) =>
    decoderLayout(model, names, { norms: llamaNorms, feedForward: { expand: ['c_fc'], contract: 'c_proj' } }),
};
