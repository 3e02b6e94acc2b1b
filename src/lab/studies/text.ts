// The text of a study: what its runs train on, and the beginning of it that is enough to plan them.
import type { DataConfig } from '../../model/config.ts';
import { baseOf, type Study, withoutSteps } from './study.ts';

/** Characters whose alphabet is taken for the text's where nothing is to run. */
const glimpseCharacters = 200_000;

/** The base of a study as an experiment, whose text all its runs train on. */
export function startOf(study: Study): Record<string, unknown> {
  return withoutSteps(baseOf(study));
}

/** So much of a generated text as its alphabet needs. */
export function glimpseOf(data: DataConfig): DataConfig {
  return { ...data, characters: Math.min(glimpseCharacters, data.characters) };
}
