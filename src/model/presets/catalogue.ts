// Named experiments to start from. Sizes that follow from others are left out, so that they follow when one is changed.
import { densePresets } from './dense.ts';
import { expertPresets } from './experts.ts';
import { mixtralMini, pico, plainPresets } from './starting.ts';
import type { ModelPreset } from './training.ts';

/** Presets under the headings of a list to choose from. */
export const presetGroups: readonly { readonly title: string; readonly presets: readonly ModelPreset[] }[] = [
  { title: 'To start with', presets: [...plainPresets.slice(0, 1), pico] },
  { title: 'nanoGPT, GPT-2, Llama', presets: plainPresets.slice(1) },
  { title: 'Published models, in miniature', presets: densePresets },
  { title: 'Mixtures of experts, in miniature', presets: [mixtralMini, ...expertPresets] },
];

/** All presets, the first of which is what the page starts with. */
export const presets: readonly ModelPreset[] = presetGroups.flatMap((group) => group.presets);

/** What the page starts with where there is no GPU. */
export const processorPreset = pico;

/** The preset of this id, if there is one. */
export function findPreset(id: string): ModelPreset | undefined {
  return presets.find((preset) => preset.id === id);
}
