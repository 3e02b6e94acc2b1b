// The text of a study: what its runs train on, and the beginning of it that is enough to plan them.
import type { DataConfig } from '../../model/config.ts';
import { baseOf, type Study } from './study.ts';

/** Characters whose alphabet is taken for the text's where nothing is to run. */
const glimpseCharacters = 200_000;

/** The base of a study as an experiment: it needs no steps where the grid says how long to train. */
export function startOf(study: Study): Record<string, unknown> {
  const base = baseOf(study);
  const train = typeof base.train === 'object' && base.train !== null ? base.train : {};
  return { ...base, train: { steps: 1, ...train } };
}

/** So much of a generated text as its alphabet needs. */
export function glimpseOf(data: DataConfig): DataConfig {
  return { ...data, characters: Math.min(glimpseCharacters, data.characters) };
}
