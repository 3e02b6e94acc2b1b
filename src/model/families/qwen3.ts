// Qwen3 in Hugging Face's layout: norms of each head's queries and keys, and windows in the upper layers.
import type { ModelConfig } from '../config.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import {
  localLayers,
  readDecoder,
  readLayerTypes,
  readWindow,
  readWindows,
  writeDecoder,
  writeLayerTypes,
} from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';

const biases = ['attention'] as const;

/** Qwen3, dense (Qwen Team 2025; Qwen3ForCausalLM). */
export const qwen3: Family = {
  type: 'qwen3',
  prefix: 'model.',
  read: (reader) => {
    const defaults = { normEpsilon: 1e-6, ropeBase: 10000, keyValueHeads: 32, headSize: 128, biases };
    const decoder = readDecoder(reader, defaults);
    const layers = reader.size('num_hidden_layers');
    return { ...decoder, queryKeyNorm: 'head', ...readUpperWindows(reader, layers) };
  },
  write: (model) => ({
    ...writeDecoder(model, ['qwen3', 'Qwen3'], { biases }),
    use_sliding_window: localLayers(model).includes(true),
    sliding_window: localLayers(model).includes(true) ? model.window : null,
    max_window_layers: model.layers,
    layer_types: writeLayerTypes(model),
  }),
  layout: (model, names) => decoderLayout(model, names, { norms: llamaNorms }),
};

/** Without `use_sliding_window` nothing is a window; without `layer_types` the layers from `max_window_layers` on are. */
function readUpperWindows(reader: ConfigReader, layers: number): Partial<ModelConfig> {
  const isUsed = reader.boolean('use_sliding_window', false);
  const global = reader.size('max_window_layers', 28, 0);
  const upper = [...Array(layers).keys()].map((layer) => (isUsed && layer >= global ? 'L' : 'G')).join('');
  const letters = readLayerTypes(reader, layers, upper);
  if (!isUsed) reader.ignore('sliding_window');
  const window = isUsed ? readWindow(reader, 4096) : undefined;
  if (letters.includes('L') && window === undefined)
    refuse(
      'layer_types has sliding_attention without a window',
      'Give use_sliding_window and sliding_window.',
    );
  return readWindows(letters, window);
}
