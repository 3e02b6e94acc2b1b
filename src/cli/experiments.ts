// Reads CONFIG.json, and a text to train on, as the commands that take them need it.
import { textLimitBytes } from '../data/text-file.ts';
import { LabError } from '../lab/plans/problem.ts';
import { type Experiment, parseExperiment } from '../model/config.ts';
import { refuse } from './failure.ts';
import { readBytes, readJsonFile, resolvePath } from './files.ts';

/** Problems shown at most; a config of nonsense has dozens. */
const shownProblems = 5;

/** Reads and checks an experiment. @throws LabError with every problem's sentence, in one line. */
export async function readExperiment(path: string): Promise<Experiment> {
  return experimentFrom(path, await readJsonFile(path));
}

/** Checks an experiment. @throws LabError as `readExperiment`. */
export function experimentFrom(path: string, json: unknown): Experiment {
  const parsed = parseExperiment(json);
  if (parsed.kind === 'ok') return parsed.experiment;
  const { problems } = parsed;
  const more = problems.length > shownProblems ? ` And ${problems.length - shownProblems} more.` : '';
  const sentences = problems.slice(0, shownProblems).map(({ message }) => message);
  throw new LabError({ kind: 'invalidConfig', message: `${path}: ${sentences.join(' ')}${more}` });
}

/** The experiment with its text, if a file was given or its source needs one. */
export async function withText(
  experiment: Experiment,
  file: string | undefined,
): Promise<{ readonly experiment: Experiment; readonly text: Blob | undefined }> {
  if (file === undefined) {
    if (experiment.data.source !== 'file') return { experiment, text: undefined };
    return refuse('invalidData', 'data: the source is "file", but no file was given. Pass --data FILE.');
  }
  const path = resolvePath(file);
  const bytes = await readBytes(path);
  if (bytes.length > textLimitBytes) {
    refuse(
      'invalidData',
      `${path}: ${bytes.length} bytes, the limit is ${textLimitBytes}. Cut it into parts.`,
    );
  }
  return {
    experiment: { ...experiment, data: { ...experiment.data, source: 'file' } },
    text: new Blob([bytes]),
  };
}
