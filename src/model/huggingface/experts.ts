// Keys of config.json about experts: which layers have them, and losses that Transformers adds only when asked.
import type { ModelConfig } from '../config.ts';
import { hasExperts } from '../experts-config.ts';
import type { ConfigReader } from './config-reader.ts';

/**
 * Transformers adds its balance loss, one over all layers together, only with `output_router_logits`; ours is one a layer.
 * Without it a file says nothing of how the router is trained, and neither do we.
 */
export function readAuxiliaryLoss(reader: ConfigReader): Pick<ModelConfig, 'balanceLoss'> {
  const isAdded = reader.boolean('output_router_logits', false);
  const coefficient = reader.number('router_aux_loss_coef', 0.001);
  if (isAdded && coefficient !== 0) {
    reader.note(
      `output_router_logits true adds a loss over the routers of all layers together (router_aux_loss_coef ${coefficient}) in ` +
        'Transformers, which is left out here: losses are those of the tokens',
    );
  }
  return { balanceLoss: 0 };
}

/** Takes note of a setting that is not computed here and acts in training only. */
export function noteTraining(reader: ConfigReader, key: string, what: string): void {
  const value = reader.number(key, 0);
  if (value !== 0) reader.note(`${key} ${value} ${what} in training only, which is left out here`);
}

/** `denseLayers` and `moeInterval` that give experts to exactly these layers; undefined if none do. */
export function expertInterval(
  layers: readonly boolean[],
): Pick<ModelConfig, 'denseLayers' | 'moeInterval'> | undefined {
  const found = layers.flatMap((has, layer) => (has ? [layer] : []));
  const [first, second] = found;
  if (first === undefined) return undefined;
  const moeInterval = second === undefined ? 1 : second - first;
  // A single layer with experts may also be the only one of a longer interval.
  const single = second === undefined ? layers.length - first : moeInterval;
  for (const interval of new Set([moeInterval, single])) {
    const choice = { denseLayers: first - interval + 1, moeInterval: interval };
    const gives = (layer: number) => hasExperts({ experts: 1, ...choice }, layer);
    if (choice.denseLayers >= 0 && layers.every((has, layer) => has === gives(layer))) return choice;
  }
  return undefined;
}
