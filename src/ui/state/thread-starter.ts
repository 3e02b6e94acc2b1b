// Starts and ends the lab's threads, as its worker asks.
import { isAboutThread, type ThreadFailure, type ThreadKind } from '../../contract/threads.ts';

/** The parts of a Worker that a thread, or the lab, needs here. */
type WorkerLike = Pick<Worker, 'postMessage' | 'addEventListener' | 'removeEventListener' | 'terminate'>;

/** Each by its address in full, which is how the bundler finds it. */
const scripts: Readonly<Record<ThreadKind, () => WorkerLike>> = {
  processor: () =>
    new Worker(new URL('../../worker/threads/wasm-entry.ts', import.meta.url), { type: 'module' }),
  tokenizer: () =>
    new Worker(new URL('../../worker/threads/tokenizer-entry.ts', import.meta.url), { type: 'module' }),
  fit: () => new Worker(new URL('../../worker/threads/fit-entry.ts', import.meta.url), { type: 'module' }),
};

/**
 * Serves a lab's worker from now on.
 * @param spawn starts a thread of a kind; may throw
 * @returns what ends all threads, and the serving: threads are the page's, and do not end with the lab
 */
export function startThreadsFor(
  lab: WorkerLike,
  spawn: (of: ThreadKind) => WorkerLike = (of) => scripts[of](),
): () => void {
  const threads = new Map<number, WorkerLike>();
  const onRequest = ({ data, ports: [port] }: MessageEvent<unknown>) => {
    if (!isAboutThread(data) || !('ask' in data)) return;
    const { thread } = data;
    const tell = (failure: string) => lab.postMessage({ thread, failure } satisfies ThreadFailure);
    if (data.ask === 'end') {
      threads.get(thread)?.terminate();
      threads.delete(thread);
      return;
    }
    try {
      const worker = spawn(data.of);
      threads.set(thread, worker);
      worker.addEventListener('error', (event) => tell(event.message || 'it did not load'));
      worker.postMessage(undefined, port ? [port] : []);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  };
  lab.addEventListener('message', onRequest);
  return () => {
    lab.removeEventListener('message', onRequest);
    for (const worker of threads.values()) worker.terminate();
    threads.clear();
  };
}
