// Expected failures: what kind they are decides the message on the page and the exit code of the command line.
import type { Problem } from '../../contract/values.ts';

/** A failure that a person can do something about; anything else that is thrown is a bug. */
export class LabError extends Error {
  readonly problem: Problem;

  /** @param cause what was thrown below, for whoever can do something about it */
  constructor(problem: Problem, cause?: unknown) {
    super(problem.message, { cause });
    this.name = 'LabError';
    this.problem = problem;
  }
}

/** Failures that name themselves, wherever they come from. */
const kindByName: Readonly<Record<string, Problem['kind']>> = {
  OutOfMemoryError: 'outOfMemory',
  DeviceLostError: 'deviceLost',
  ThreadLostError: 'threadLost',
  InvalidFileError: 'invalidFile',
  QuotaExceededError: 'storageFull',
  NewerStorageError: 'newerStorage',
  UnfitRunsError: 'invalidData',
};

/** The problem behind something thrown. */
export function problemOf(error: unknown, otherwise: Problem['kind'] = 'internal'): Problem {
  if (error instanceof LabError) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  const name = error instanceof Error ? error.name : '';
  return { kind: kindByName[name] ?? otherwise, message };
}

/** Runs one stage of the work; what it throws is a problem of the given kind unless it says otherwise itself. */
export async function stage<T>(kind: Problem['kind'], work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new LabError(problemOf(error, kind), error);
  }
}
