// Qwen3 in Hugging Face's layout: norms of each head's queries and keys, and windows in the upper layers.
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { readUpperWindows, writeUpperWindows } from '../huggingface/windows.ts';

const biases = ['attention'] as const;

/** Qwen3, dense (Qwen Team 2025; Qwen3ForCausalLM). */
export const qwen3: Family = {
  type: 'qwen3',
  prefix: 'model.',
  read: (reader) => {
    const defaults = { normEpsilon: 1e-6, ropeBase: 10000, keyValueHeads: 32, headSize: 128, biases };
    return { ...readDecoder(reader, defaults), queryKeyNorm: 'head', ...readUpperWindows(reader) };
  },
  write: (model) => ({
    ...writeDecoder(model, ['qwen3', 'Qwen3'], { biases }),
    ...writeUpperWindows(model),
  }),
  layout: (model, names) => decoderLayout(model, names, { norms: llamaNorms }),
};
