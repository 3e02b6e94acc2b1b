// Which layers know positions, as the files of SmolLM3 and Llama 4 say it.
import { layerAttention } from '../attention-config.ts';
import type { ModelConfig } from '../config.ts';
import { showValue } from '../fields/check.ts';
import { type ConfigReader, refuse } from './config-reader.ts';
import { shortestPattern } from './windows.ts';

/** `no_rope_layers` has a 1 for each layer that rotates and a 0 for each that does not, against its name. */
export function rotaryPattern(reader: ConfigReader, layers: number): string {
  const interval = reader.size('no_rope_layer_interval', 4);
  const given = reader.list('no_rope_layers', layers);
  const rotates = given ?? [...Array(layers).keys()].map((layer) => ((layer + 1) % interval === 0 ? 0 : 1));
  const wrong = rotates.find((value) => value !== 0 && value !== 1);
  if (wrong !== undefined)
    refuse(`no_rope_layers has ${showValue(wrong)}`, 'Give 1 where a layer rotates, 0 where not.');
  return rotates.map((value) => (value === 1 ? 'R' : 'N')).join('');
}

/** `no_rope_layers` of a model. */
export function rotaryLayers(model: ModelConfig): number[] {
  return [...Array(model.layers).keys()].map((layer) => (layerAttention(model, layer).isRotary ? 1 : 0));
}

/** The same as a field; none where all layers turn. */
export function readRotaryLayers(reader: ConfigReader, layers: number): Partial<ModelConfig> {
  const letters = rotaryPattern(reader, layers);
  return letters.includes('N') ? { positionPattern: shortestPattern(letters) } : {};
}
