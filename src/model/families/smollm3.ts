// SmolLM3 in Hugging Face's layout: Llama with layers that know no positions, and windows in some of them.
import { layerAttention } from '../attention-config.ts';
import type { ModelConfig } from '../config.ts';
import { showValue } from '../fields/check.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import {
  localLayers,
  readDecoder,
  readLayerTypes,
  readWindow,
  readWindows,
  shortestPattern,
  writeDecoder,
  writeLayerTypes,
} from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family } from '../huggingface/family.ts';

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
  const positions = readRotaryLayers(reader, layers);
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
    ...(positions.includes('N') ? { positionPattern: shortestPattern(positions) } : {}),
  };
}

/** `no_rope_layers` has a 1 for each layer that rotates and a 0 for each that does not, against its name. */
function readRotaryLayers(reader: ConfigReader, layers: number): string {
  const interval = reader.size('no_rope_layer_interval', 4);
  const given = reader.list('no_rope_layers', layers);
  const rotates = given ?? [...Array(layers).keys()].map((layer) => ((layer + 1) % interval === 0 ? 0 : 1));
  const wrong = rotates.find((value) => value !== 0 && value !== 1);
  if (wrong !== undefined)
    refuse(`no_rope_layers has ${showValue(wrong)}`, 'Give 1 where a layer rotates, 0 where not.');
  return rotates.map((value) => (value === 1 ? 'R' : 'N')).join('');
}

function rotaryLayers(model: ModelConfig): number[] {
  return [...Array(model.layers).keys()].map((layer) => (layerAttention(model, layer).isRotary ? 1 : 0));
}
