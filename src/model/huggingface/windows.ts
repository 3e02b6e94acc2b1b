// Keys of config.json about windows: which layers see only the last tokens, and how many.
import { isLocalByPattern, longestContext } from '../attention-config.ts';
import type { ModelConfig } from '../config.ts';
import { showValue } from '../fields/check.ts';
import { type ConfigReader, refuse } from './config-reader.ts';
import type { Plain } from './family.ts';

const layerTypes: ReadonlyMap<unknown, 'L' | 'G'> = new Map([
  ['sliding_attention', 'L'],
  ['full_attention', 'G'],
]);

/** `layer_types` as letters, L local and G global, one a layer; `byDefault` where the file has none. */
export function readLayerTypes(reader: ConfigReader, layers: number, byDefault: string): string {
  const types = reader.list('layer_types', layers);
  if (types === undefined) return byDefault;
  return types
    .map((type) => {
      const letter = layerTypes.get(type);
      if (letter === undefined)
        refuse(
          `layer_types has ${showValue(type)}, which is not computed here`,
          `Known: ${[...layerTypes.keys()].join(', ')}.`,
        );
      return letter;
    })
    .join('');
}

/** `layer_types` of a model. */
export function writeLayerTypes(model: ModelConfig): string[] {
  return localLayers(model).map((isLocal) => (isLocal ? 'sliding_attention' : 'full_attention'));
}

/** Which layers have a window, if only one as long as the context. */
export function localLayers(model: ModelConfig): boolean[] {
  return Array.from({ length: model.layers }, (_, layer) => isLocalByPattern(model, layer));
}

/** The window of local layers: undefined for null, and where neither the file nor the family says one. */
export function readWindow(reader: ConfigReader, byDefault?: number): number | undefined {
  if (reader.isNull('sliding_window')) return undefined;
  if (reader.value('sliding_window') === undefined) return byDefault;
  return reader.size('sliding_window');
}

/** The window and its pattern; `letters` is one a layer, and `window` undefined where no layer has one. */
export function readWindows(
  letters: string,
  window: number | undefined,
): Partial<Pick<ModelConfig, 'window' | 'windowPattern'>> {
  if (window === undefined || !letters.includes('L')) return {};
  return { window: Math.min(window, longestContext), windowPattern: shortestPattern(letters) };
}

/** The shortest pattern that gives these letters when it is repeated. */
export function shortestPattern(letters: string): string {
  const repeats = (size: number) => [...letters].every((letter, i) => letter === letters[i % size]);
  const size = Array.from({ length: letters.length }, (_, i) => i + 1).find(repeats);
  return letters.slice(0, size);
}

/** Without `use_sliding_window` nothing is a window; without `layer_types` the layers from `max_window_layers` on are. */
export function readUpperWindows(reader: ConfigReader): Partial<ModelConfig> {
  const layers = reader.size('num_hidden_layers');
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

/** The same of a model. */
export function writeUpperWindows(model: ModelConfig): Plain {
  const isUsed = localLayers(model).includes(true);
  return {
    use_sliding_window: isUsed,
    sliding_window: isUsed ? model.window : null,
    max_window_layers: model.layers,
    layer_types: writeLayerTypes(model),
  };
}
