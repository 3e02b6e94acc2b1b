// The page's calls to the class server that served it.
import {
  type ClassChanges,
  classMark,
  classPath,
  codeHeader,
  keyHeader,
  normalCode,
  studentHeader,
} from '../../classroom/protocol.ts';
import type { ClassResult } from '../../classroom/result.ts';

/** What became of a call: done, refused with a sentence, or not heard (the server is away, or asks for patience). */
export type CallOutcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | {
      readonly kind: 'refused';
      readonly message: string;
      /** Whether it is the join code or the key that is wrong: another call with it fails as well. */
      readonly isStranger: boolean;
    }
  | {
      readonly kind: 'unheard';
      /** After which it may be asked again. */
      readonly seconds: number;
      /** What the server said, where it said something. */
      readonly message?: string;
    };

/** Milliseconds after which a server that says nothing counts as away. */
const patience = 15_000;
/** Seconds before a server that is away is asked again. */
export const pause = 5;
/** Seconds that a page waits at most, whatever it is told: a lesson has forty-five minutes. */
const longestPause = 300;

/** Whether the same call may go through later: the server, or one before it, is busy or broken. A full class is neither. */
const passes = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 507);

/** The title of the class whose server this page came from; undefined where it came from elsewhere. */
export function classOfPage(page: Document = document): string | undefined {
  return page.querySelector(`meta[name="${classMark}"]`)?.getAttribute('content') ?? undefined;
}

/** Makes one call. @param fetchFrom the browser's `fetch`, or a test's */
async function call<T>(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
  fetchFrom: typeof fetch = fetch,
): Promise<CallOutcome<T>> {
  let seconds = pause;
  try {
    const response = await fetchFrom(classPath + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(patience),
    });
    seconds = secondsOf(response.headers.get('retry-after'));
    const answer = (await response.json()) as T & { readonly message?: string };
    if (response.ok) return { kind: 'ok', value: answer };
    const { message } = answer;
    if (passes(response.status))
      return { kind: 'unheard', seconds, ...(message === undefined ? {} : { message }) };
    return {
      kind: 'refused',
      message: message ?? `The class server answered ${response.status}.`,
      isStranger: response.status === 401 || response.status === 403,
    };
  } catch {
    return { kind: 'unheard', seconds }; // nobody is there, or something else than a class answered
  }
}

/** What `Retry-After` asks for: seconds, or a date (RFC 9110, section 10.2.3); what is neither counts as absent. */
function secondsOf(header: string | null): number {
  if (header === null) return pause;
  const asked = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(asked) ? Math.min(longestPause, Math.max(1, asked)) : pause;
}

/** Asks whether a join code is the class's. */
export const joinClass = (code: string) =>
  call<{ readonly title: string }>('POST', 'join', { [codeHeader]: normalCode(code) });

/** Sends a result. */
export const sendResult = (code: string, result: ClassResult, fetchFrom?: typeof fetch) =>
  call('POST', 'results', { [codeHeader]: normalCode(code) }, JSON.stringify(result), fetchFrom);

/** Deletes all that a student sent. */
export const deleteMine = (code: string, student: string) =>
  call<{ readonly deleted: number }>('DELETE', 'mine', {
    [codeHeader]: normalCode(code),
    [studentHeader]: student,
  });

/** What changed in the class, for the teacher. */
export const classChanges = (key: string, since: number) =>
  call<ClassChanges>('GET', `results?since=${since}`, { [keyHeader]: key });

/** Deletes one row, or all of them. */
export const deleteRows = (key: string, row?: number) =>
  call('DELETE', row === undefined ? 'results' : `results?row=${row}`, { [keyHeader]: key });

/** Takes the names of all students away. */
export const deleteNames = (key: string) => call('DELETE', 'names', { [keyHeader]: key });
