// OLMo 2 in Hugging Face's layout: norms on the branches, and of all heads' queries and keys together.
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { branchNorms, decoderLayout } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';

const biases = ['attention'] as const;

/** OLMo 2 (Team OLMo 2024; Olmo2ForCausalLM). */
export const olmo2: Family = {
  type: 'olmo2',
  prefix: 'model.',
  read: (reader) => ({
    ...readDecoder(reader, { normEpsilon: 1e-5, ropeBase: 10000, biases }),
    normPlacement: 'branch',
    queryKeyNorm: 'all',
  }),
  write: (model) => writeDecoder(model, ['olmo2', 'Olmo2'], { biases }),
  layout: (model, names) => decoderLayout(model, names, { norms: branchNorms }),
};
