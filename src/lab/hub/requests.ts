// Requests to a hub that may be busy: they wait as long as it asks, and try again when a connection fails.
import { refuse } from './repository.ts';

/** How a request waits. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Is told of every wait, in a sentence. */
  readonly note: (line: string) => void;
  /** What to do where the server cannot be reached, a sentence. */
  readonly unreachable: string;
  /** Seconds of the first wait; each is twice the one before. 1 unless given. */
  readonly firstWait?: number;
}

const attempts = 6;

/** Seconds: who is asked to wait longer comes back another time. */
const longestWait = 120;

/** `fetch` that waits and tries again where a server is busy or cannot be reached. @throws LabError that names the server */
export function createPatientFetch({ signal, note, unreachable, firstWait = 1 }: Patience): typeof fetch {
  return async (input, init) => {
    const { host } = new URL(input instanceof Request ? input.url : input);
    for (let attempt = 1; ; attempt++) {
      const usual = firstWait * 2 ** (attempt - 1);
      let seconds: number;
      let why: string;
      try {
        const response = await fetch(input, { ...init, signal });
        if ((response.status !== 429 && response.status < 500) || attempt === attempts) return response;
        await response.body?.cancel();
        seconds = retryAfter(response.headers.get('retry-after')) ?? usual;
        why = response.status === 429 ? 'has too many requests (429)' : `cannot answer (${response.status})`;
      } catch (error) {
        if (signal.aborted) throw error;
        seconds = usual;
        why = `cannot be reached (${reasonOf(error)})`;
        if (attempt === attempts) refuse('invalidRequest', `${host} ${why}. ${unreachable}`);
      }
      if (seconds > longestWait)
        refuse(
          'invalidRequest',
          `${host} ${why} and asks to wait ${Math.ceil(seconds)} s. Pull again then; what is here stays.`,
        );
      note(`pull: ${host} ${why}: trying again in ${Math.ceil(seconds)} s.`);
      await sleep(seconds, signal);
    }
  };
}

/** @throws what the signal is aborted with, at once */
function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** Seconds of a Retry-After header: a number of them, or a date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** What failed, below what `fetch` says of it. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as { readonly code?: unknown };
  return typeof code === 'string' ? code : cause.message;
}
