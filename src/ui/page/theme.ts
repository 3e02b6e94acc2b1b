// Remembers and applies the colour scheme.
import type { Theme } from '../state/events.ts';
import { keepChoice, keptChoice } from '../state/kept-choice.ts';

const themes = ['system', 'light', 'dark'] as const;

/** The scheme that was chosen before. */
export function readTheme(): Theme {
  return keptChoice('theme', themes, 'system');
}

/** Colours the page and remembers the choice. */
export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
  keepChoice('theme', theme);
}
