// Ctrl-C and other requests to end: the first asks a command to stop where it can, the second ends it at once.
import { exitCodes, Interrupted } from './failure.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens while `work` runs; its signal is aborted at the first request. */
export async function withInterruption<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** The work's result, unless the signal comes first. @throws Interrupted with the given message. */
export async function unlessInterrupted<T>(
  signal: AbortSignal,
  message: string,
  work: Promise<T>,
): Promise<T> {
  work.catch(() => undefined); // nobody waits for it any more after an interruption
  if (signal.aborted) throw new Interrupted(message);
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new Interrupted(message));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
