// Llama in Hugging Face's layout, which most families after it extend; SmolLM2 is one.
import { headsDivideWidth, readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';

const biases = ['attention', 'mlp'] as const;

/** Llama 1 to 3 (LlamaForCausalLM). */
export const llama: Family = {
  type: 'llama',
  opens: headsDivideWidth,
  prefix: 'model.',
  read: (reader) => readDecoder(reader, { normEpsilon: 1e-6, ropeBase: 10000, biases }),
  write: (model) => writeDecoder(model, ['llama', 'Llama'], { biases }),
  layout: (model, names) => decoderLayout(model, names, { norms: llamaNorms }),
};
