// Qwen2 and Qwen2.5 in Hugging Face's layout: Llama with biases of queries, keys and values, and windows in the upper layers.
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { readUpperWindows, writeUpperWindows } from '../huggingface/windows.ts';

/** Qwen2 (Qwen Team 2024, arXiv 2407.10671; Qwen2ForCausalLM). */
export const qwen2: Family = {
  type: 'qwen2',
  prefix: 'model.',
  read: (reader) => ({
    ...readDecoder(reader, { normEpsilon: 1e-6, ropeBase: 10000, keyValueHeads: 32 }),
    qkvBias: 'on',
    ...readUpperWindows(reader),
  }),
  write: (model) => ({ ...writeDecoder(model, ['qwen2', 'Qwen2']), ...writeUpperWindows(model) }),
  layout: (model, names) => decoderLayout(model, names, { norms: llamaNorms }),
};
