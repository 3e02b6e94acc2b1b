// What a run that goes on may change and what it must not, so that going on is exactly as if it had never stopped.
import { type Experiment, experimentValues } from '../../model/config.ts';
import { LabError } from '../plans/problem.ts';
import type { Checkpoint } from './checkpoint.ts';

/** Settings that decide what the numbers of a checkpoint mean, or which batch comes next. */
const fixed =
  /^(model\.|train\.(batch|accumulation|lossPositions|optimizer\.kind)$|data\.(source|tokenizer|tokenizerVocabulary|validationFraction)$)/;
/** Settings that a resumed run takes from its checkpoint whatever the configuration says. */
const inherited = /^train\.seeds\.|^data\.(characters|seed)$/;

/**
 * The experiment of a resumed run: that of the configuration, with the seeds of the checkpoint.
 * @throws LabError for a difference that cannot be: another model, batch or kind of data.
 */
export function resumedExperiment(
  wanted: Experiment,
  { experiment: saved }: Pick<Checkpoint, 'experiment'>,
): { readonly experiment: Experiment; readonly changed: readonly string[] } {
  const model = { ...wanted.model, vocabulary: wanted.model.vocabulary || saved.model.vocabulary };
  const before = experimentValues(saved);
  const changed: string[] = [];
  for (const [path, value] of experimentValues({ ...wanted, model })) {
    const old = before.get(path);
    if (value === old || inherited.test(path)) continue;
    const difference = `${path} is ${value} and was ${old}`;
    if (fixed.test(path)) {
      throw new LabError({
        kind: 'invalidConfig',
        message: `resume: ${difference} in the checkpoint. Use the configuration and data it began with.`,
      });
    }
    changed.push(difference);
  }
  const train = { ...wanted.train, seeds: saved.train.seeds };
  const data = wanted.data.source === 'file' ? wanted.data : saved.data;
  return { experiment: { model, train, data }, changed };
}

/**
 * The step at which a run ends. `steps` counts from the beginning of the run; one that is there already takes as many more.
 */
export function lastStepOf(steps: number, done: number): number {
  return steps > done ? steps : done + steps;
}
