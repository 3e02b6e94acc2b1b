// Named experiments to start from. Sizes that follow from others are left out, so that they follow when one is changed.
import { densePresets } from './dense.ts';
import { expertPresets } from './experts.ts';
import { mixtralMini, pico, plainPresets } from './starting.ts';
import type { ModelPreset } from './training.ts';

/** All presets, the first of which is what the page starts with. */
export const presets: readonly ModelPreset[] = [
  ...plainPresets.slice(0, 1),
  pico,
  ...plainPresets.slice(1),
  mixtralMini,
  ...densePresets,
  ...expertPresets,
];

/** What the page starts with where there is no GPU. */
export const processorPreset = pico;

/** The preset of this id, if there is one. */
export function findPreset(id: string): ModelPreset | undefined {
  return presets.find((preset) => preset.id === id);
}
