// OLMo 3 in Hugging Face's layout: OLMo 2 with three local layers for each global one, whose rotation alone is stretched.
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { branchNorms, decoderLayout } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { readLayerTypes, readWindow, readWindows, writeLayerTypes } from '../huggingface/windows.ts';

const biases = ['attention'] as const;

/** OLMo 3 (Team OLMo 2025; Olmo3ForCausalLM). */
export const olmo3: Family = {
  type: 'olmo3',
  prefix: 'model.',
  read: (reader) => {
    const decoder = readDecoder(reader, { normEpsilon: 1e-5, ropeBase: 500000, isLocalPlain: true, biases });
    const layers = reader.size('num_hidden_layers');
    const letters = readLayerTypes(reader, layers, 'LLLG'.repeat(layers).slice(0, layers));
    return {
      ...decoder,
      ...readWindows(letters, readWindow(reader, 4096)),
      normPlacement: 'branch',
      queryKeyNorm: 'all',
    };
  },
  write: (model) => ({
    ...writeDecoder(model, ['olmo3', 'Olmo3'], { biases }),
    sliding_window: model.window,
    layer_types: writeLayerTypes(model),
  }),
  layout: (model, names) => decoderLayout(model, names, { norms: branchNorms }),
};
