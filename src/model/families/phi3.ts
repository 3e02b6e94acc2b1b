// Phi-3 and Phi-4-mini in Hugging Face's layout: Llama with fused projections, and LongRoPE.
import { readDecoder, readDropout, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { localLayers, readWindow, readWindows } from '../huggingface/windows.ts';

const rates = ['attention_dropout', 'resid_pdrop', 'embd_pdrop'] as const;

/** Phi-3 (Microsoft 2024, arXiv 2404.14219; Phi3ForCausalLM). */
export const phi3: Family = {
  type: 'phi3',
  // Of scaled rotations Transformers takes LongRoPE alone, with factors for as many pairs as width ÷ heads has.
  opens: (model) =>
    model.ropeScaling === 'none' ||
    (model.ropeScaling === 'longrope' && model.headSize * model.heads === model.width),
  prefix: 'model.',
  read: (reader) => {
    const decoder = readDecoder(reader, { normEpsilon: 1e-5, ropeBase: 10000, ropeFraction: 1, rates });
    reader.only('full_attn_mod', 1, 'leaves full attention out of some layers');
    reader.only('interpolate_factor', 1, 'is another rotation');
    reader.ignore('original_max_position_embeddings'); // of a rotation, where there is one
    return { ...decoder, ...readDropout(reader, rates, 0), ...readWindows('L', readWindow(reader)) };
  },
  write: (model) => {
    const original = model.ropeOriginalContext || model.context;
    return {
      ...writeDecoder(model, ['phi3', 'Phi3']),
      ...Object.fromEntries(rates.map((key) => [key, model.dropout])),
      partial_rotary_factor: model.ropeFraction,
      original_max_position_embeddings: original,
      sliding_window: localLayers(model).includes(true) ? model.window : null,
    };
  },
  layout: (model, names) =>
    decoderLayout(model, names, {
      norms: llamaNorms,
      attention: { folder: 'self_attn', qkv: 'qkv_proj', projection: 'o_proj' },
      feedForward: { expand: ['gate_up_proj'], contract: 'down_proj' },
    }),
};
