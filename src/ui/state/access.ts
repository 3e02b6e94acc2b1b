// What a room of the page may do besides drawing: talk to the worker, and show what went wrong.

import type { Lab } from '../../contract/lab.ts';
import type { ExperimentJson, Problem, Result } from '../../contract/values.ts';

/** What a room gets beside the state, which is its property `page`. */
export interface RoomAccess {
  /**
   * Runs one conversation with the worker, under a word on what is going on (`''` for none). What it throws is shown
   * and gives undefined.
   */
  attempt<T>(busy: string, talk: (lab: Lab) => Promise<T>): Promise<T | undefined>;
  /**
   * The value of a result; a problem is shown and gives undefined. `asked` is the call whose answer it is, where a person
   * may ask again: an earlier refusal of it is off the display then.
   */
  take<T>(result: Result<T>, asked?: keyof Lab): T | undefined;
  show(problem: Problem): void;
  /** Takes problems of these kinds off the display: their cause is gone. */
  settle(...kinds: readonly Problem['kind'][]): void;
  /** Puts an experiment into the form; nothing starts. */
  useExperiment(experiment: ExperimentJson): void;
  /** Reads the list of saved runs again, after one was renamed or deleted. */
  refreshRuns(): Promise<void>;
}
