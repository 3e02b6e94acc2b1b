// What a person would call a run: the preset that it is most like, what was changed of it, and its text.
import { type Experiment, parseExperiment } from '../../model/config.ts';
import { presets } from '../../model/presets/catalogue.ts';
import type { Run } from '../training/run.ts';
import { settingChanges } from './compare.ts';

/** Changes that a title names; a run with more is called by its shape. */
const namedChanges = 3;
/** Characters of a title. */
const titleLength = 120;

/** Running runs ask every few seconds. */
let parsedPresets: readonly { readonly title: string; readonly experiment: Experiment }[] | undefined;

/**
 * The preset that an experiment is most like, what was changed of it, and all settings that are other. Text, seeds and the
 * text's vocabulary do not count as changes, and the vocabulary is no setting.
 */
export function nearestPreset(experiment: Experiment): {
  readonly title: string;
  readonly changes: readonly string[];
  readonly settings: readonly string[];
} {
  const isVocabulary = (path: string) => path === 'model.vocabulary';
  const isLeftOut = (path: string) => isVocabulary(path) || /^data\.|^train\.seeds\./.test(path);
  parsedPresets ??= presets.flatMap(({ title, experiment: json }) => {
    const parsed = parseExperiment(json);
    return parsed.kind === 'ok' ? [{ title, experiment: parsed.experiment }] : [];
  });
  const all = parsedPresets.map(({ title, experiment: preset }) => {
    return { title, preset, changes: settingChanges(preset, experiment, isLeftOut) };
  });
  const { preset, ...nearest } = all.reduce((nearest, one) =>
    one.changes.length < nearest.changes.length ? one : nearest,
  );
  return { ...nearest, settings: settingChanges(preset, experiment, isVocabulary) };
}

/** A name for a run. @param textName the person's own text, where it trains on one */
export function titleOf({ experiment }: Pick<Run, 'experiment'>, textName?: string): string {
  const { layers, width } = experiment.model;
  const { title, changes } = nearestPreset(experiment);
  const what =
    changes.length <= namedChanges
      ? [title, ...changes].join(', ')
      : `${layers} ${layers === 1 ? 'layer' : 'layers'} of ${width}`;
  return `${what} on ${textName ?? experiment.data.source}`.slice(0, titleLength);
}

/** The title, with a number behind it where another run has it. */
export function uniqueTitle(title: string, taken: Iterable<string>): string {
  const others = new Set(taken);
  for (let number = 2, unique = title; ; number++) {
    if (!others.has(unique)) return unique;
    unique = `${title} (${number})`;
  }
}
