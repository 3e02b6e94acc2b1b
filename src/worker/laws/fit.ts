// A law fitted in a thread of its own: a fit takes seconds, and the worker has steps to submit meanwhile.
import type { Result } from '../../contract/values.ts';
import { LabError, problemOf } from '../../lab/plans/problem.ts';
import { fitLaw } from '../../laws/fit-law.ts';
import type { FitRequest, LawReport } from '../../laws/report.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import { startThread } from '../threads/start.ts';

/** What is asked of the thread. */
export interface FitOrder {
  readonly points: readonly RunPoint[];
  readonly request: FitRequest;
}

/** Fits; runs that allow no fit are a problem, not an exception. */
export function answerFit({ points, request }: FitOrder): Result<LawReport> {
  try {
    return { kind: 'ok', value: fitLaw(points, request) };
  } catch (error) {
    return { kind: 'problem', problem: problemOf(error) };
  }
}

/** Fits in a thread, which an abort ends. */
export function fitInThread(order: FitOrder, signal: AbortSignal): Promise<Result<LawReport>> {
  const thread = startThread<FitOrder, Result<LawReport>>('fit');
  return new Promise<Result<LawReport>>((resolve, reject) => {
    thread.listen(resolve, ({ message }) => reject(new Error(`fit: its thread is gone: ${message}`)));
    signal.addEventListener('abort', () =>
      reject(new LabError({ kind: 'invalidRequest', message: 'The fit was cancelled.' })),
    );
    thread.post(order);
  }).finally(() => thread.terminate());
}
