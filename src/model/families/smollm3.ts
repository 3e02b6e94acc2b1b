// SmolLM3 in Hugging Face's layout: Llama with layers that know no positions, and windows in some of them.
import type { ModelConfig } from '../config.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';
import { readRotaryLayers, rotaryLayers, rotaryPattern } from '../huggingface/rotary-layers.ts';
import {
  localLayers,
  readLayerTypes,
  readWindow,
  readWindows,
  writeLayerTypes,
} from '../huggingface/windows.ts';

const biases = ['attention', 'mlp'] as const;

/** SmolLM3 (Bakouch et al. 2025; SmolLM3ForCausalLM). */
export const smollm3: Family = {
  type: 'smollm3',
  prefix: 'model.',
  read,
  write: (model) => ({
    ...writeDecoder(model, ['smollm3', 'SmolLM3'], { biases }),
    no_rope_layers: rotaryLayers(model),
    use_sliding_window: localLayers(model).includes(true),
    sliding_window: localLayers(model).includes(true) ? model.window : null,
    layer_types: writeLayerTypes(model),
  }),
  layout: (model, names) => decoderLayout(model, names, { norms: llamaNorms }),
};

function read(reader: ConfigReader): Partial<ModelConfig> {
  const defaults = { normEpsilon: 1e-6, ropeBase: 2e6, keyValueHeads: 4, tiedHead: true };
  const decoder = readDecoder(reader, { ...defaults, biases });
  const layers = reader.size('num_hidden_layers');
  reader.ignore('max_window_layers');
  const positions = rotaryPattern(reader, layers);
  const isUsed = reader.boolean('use_sliding_window', false);
  const window = isUsed ? readWindow(reader) : undefined;
  if (!isUsed) reader.ignore('sliding_window');
  const byDefault =
    window === undefined ? 'G'.repeat(layers) : positions.replace(/./g, (is) => (is === 'N' ? 'L' : 'G'));
  const letters = readLayerTypes(reader, layers, byDefault);
  if (letters.includes('L') && window === undefined)
    refuse(
      'layer_types has sliding_attention without a window',
      'Give use_sliding_window and sliding_window.',
    );
  return {
    ...decoder,
    ...readWindows(letters, window),
    ...readRotaryLayers(reader, layers),
  };
}
