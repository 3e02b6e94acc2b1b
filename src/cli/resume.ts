// What `--resume` may change of a run and what it must not, so that going on is exactly as if it had never stopped.
import { join } from 'node:path';
import { stage } from '../lab/plans/problem.ts';
import { type Checkpoint, checkpointFileName, readCheckpoint } from '../lab/training/checkpoint.ts';
import { type Experiment, experimentValues } from '../model/config.ts';
import { refuse } from './failure.ts';
import { isDirectory, readBytes } from './files.ts';

/** Reads the checkpoint of a directory. @throws LabError in one sentence. */
export async function readCheckpointOf(
  directory: string,
  cursor: Checkpoint['cursor']['kind'],
): Promise<Checkpoint> {
  if (!(await isDirectory(directory))) refuse('invalidFile', `${directory}: there is no such directory.`);
  const path = join(directory, checkpointFileName);
  const bytes = await readBytes(path);
  const checkpoint = await stage('invalidFile', () => readCheckpoint(bytes));
  if (checkpoint.cursor.kind !== cursor) {
    const found = checkpoint.cursor.kind === 'list' ? 'given batches' : 'a text';
    refuse(
      'invalidFile',
      `${path}: its run trains on ${found}. Resume it in the form of the command that began it.`,
    );
  }
  return checkpoint;
}

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
      refuse(
        'invalidConfig',
        `resume: ${difference} in the checkpoint. Use the configuration and data it began with.`,
      );
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
