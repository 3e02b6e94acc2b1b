// Mistral in Hugging Face's layout: Llama with a window in every layer.
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { localLayers, readWindow, readWindows } from '../huggingface/windows.ts';

/** Mistral 7B (Jiang et al. 2023; MistralForCausalLM). */
export const mistral: Family = {
  type: 'mistral',
  prefix: 'model.',
  read: (reader) => ({
    ...readDecoder(reader, { normEpsilon: 1e-6, ropeBase: 10000, keyValueHeads: 8 }),
    ...readWindows('L', readWindow(reader, 4096)),
  }),
  write: (model) => ({
    ...writeDecoder(model, ['mistral', 'Mistral']),
    sliding_window: localLayers(model).includes(true) ? model.window : null,
  }),
  layout: (model, names) => decoderLayout(model, names, { norms: llamaNorms }),
};
