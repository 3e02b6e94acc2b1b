// The page's end of the worker: a plain `Lab` whose calls fail, instead of hanging, once the worker is dead.
import { proxy, releaseProxy, wrap } from 'comlink';
import type { Lab } from '../../contract/lab.ts';
import { startThreadsFor } from './thread-starter.ts';

/** A lab, and the end of it. */
export interface LabConnection {
  readonly lab: Lab;
  /** Resolves with the reason when the worker has died by itself; never after `close`. */
  readonly died: Promise<string>;
  close(): void;
}

/** Thrown by every call that was pending, or is made, when the worker is gone. */
export class WorkerGoneError extends Error {
  override readonly name = 'WorkerGoneError';
}

/** The parts of a Worker that a connection needs. */
export type WorkerLike = Pick<
  Worker,
  'postMessage' | 'addEventListener' | 'removeEventListener' | 'terminate'
>;

/** Resolves when a Web Lock that somebody holds for life becomes free; never where there are no locks. */
async function waitForLock(name: string): Promise<void> {
  if (!('locks' in navigator)) return new Promise(() => {});
  await navigator.locks.request(name, () => {});
}

/**
 * Connects to a worker that exposes a `Lab` by comlink. Functions among the arguments are passed as proxies.
 * Comlink leaves the calls of a dead worker pending for ever, so each is raced against the worker's death: a script
 * that does not load, a message that cannot be read, or the worker's life lock becoming free.
 */
export function connectWorker(worker: WorkerLike): LabConnection {
  const remote = wrap<Lab>(worker);
  const endThreads = startThreadsFor(worker);
  let announceDeath: (reason: string) => void = () => {};
  const died = new Promise<string>((resolve) => {
    announceDeath = resolve;
  });
  void died.then(endThreads);
  const gone = died.then((reason): never => {
    throw new WorkerGoneError(`lab: the worker is gone: ${reason}. Reload the page.`);
  });
  gone.catch(() => {}); // Nobody may be waiting.
  let closed: (error: WorkerGoneError) => void = () => {};
  const closing = new Promise<never>((_, reject) => {
    closed = reject;
  });
  closing.catch(() => {});
  let hasAnswered = false;

  worker.addEventListener('error', (event) => {
    // Later errors are uncaught exceptions in a worker that lives on.
    if (!hasAnswered) announceDeath(event.message || 'its script did not start');
  });
  worker.addEventListener('messageerror', () => announceDeath('a message could not be read'));

  const call = (method: keyof Lab, values: readonly unknown[]): Promise<unknown> => {
    const remoteMethod = remote[method] as (...list: unknown[]) => Promise<unknown>;
    const passed = values.map((value) => (typeof value === 'function' ? proxy(value) : value));
    const answer = remoteMethod(...passed).then((value) => {
      hasAnswered = true;
      return value;
    });
    answer.catch(() => {}); // Its failure is seen through the race.
    return Promise.race([answer, gone, closing]);
  };
  const lab = new Proxy({} as Lab, {
    get: (_, method) =>
      method === 'then' ? undefined : (...values: unknown[]) => call(method as keyof Lab, values),
  });

  lab
    .lifeLock()
    .then((name) => (name === undefined ? new Promise<void>(() => {}) : waitForLock(name)))
    .then(() => announceDeath('it ended'))
    .catch(() => {});

  return {
    lab,
    died,
    close: () => {
      closed(new WorkerGoneError('lab: the worker was closed. Connect again.'));
      remote[releaseProxy]();
      worker.terminate();
      endThreads();
    },
  };
}

/** Starts the worker of this page. */
export function openWorker(): LabConnection {
  return connectWorker(new Worker(new URL('../../worker/entry.ts', import.meta.url), { type: 'module' }));
}
