// Answers a call of the page: expected failures become problems, for comlink keeps little of an exception.
import type { Result } from '../contract/values.ts';
import { problemOf } from '../lab/plans/problem.ts';

/** Runs a call of the page; expected failures become problems. */
export async function answer<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { kind: 'ok', value: await work() };
  } catch (error) {
    return { kind: 'problem', problem: problemOf(error) };
  }
}
