// Threads of the lab: it asks the page to start and to end them, and talks to each through a port of its own.

/** What a thread is for; the page knows the script of each. */
export type ThreadKind = 'processor' | 'tokenizer' | 'fit';

/** From the lab's worker to its page. With `start` goes a port, which is handed on to the thread. */
export type ThreadRequest =
  | { readonly thread: number; readonly ask: 'start'; readonly of: ThreadKind }
  | { readonly thread: number; readonly ask: 'end' };

/** From the page to the lab's worker: a thread did not start, or is gone. */
export interface ThreadFailure {
  readonly thread: number;
  readonly failure: string;
}

/** Whether a message is one of these: comlink's own have no such number. */
export function isAboutThread(message: unknown): message is ThreadRequest | ThreadFailure {
  return typeof message === 'object' && message !== null && 'thread' in message;
}
