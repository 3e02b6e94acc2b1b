// Named experiments to start from. Sizes that follow from others are left out, so that they follow when one is changed.
import { densePresets } from './dense.ts';
import { expertPresets } from './experts.ts';
import { mixtralMini, plainPresets } from './starting.ts';
import type { ModelPreset } from './training.ts';

/** All presets, the first of which is what the page starts with. */
export const presets: readonly ModelPreset[] = [
  ...plainPresets,
  mixtralMini,
  ...densePresets,
  ...expertPresets,
];

/** The preset of this id, if there is one. */
export function findPreset(id: string): ModelPreset | undefined {
  return presets.find((preset) => preset.id === id);
}
