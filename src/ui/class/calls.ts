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
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unheard'; readonly seconds: number };

/** Milliseconds after which a server that says nothing counts as away. */
const patience = 15_000;
/** Seconds before a server that is away is asked again. */
const pause = 5;

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
  try {
    const response = await fetchFrom(classPath + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(patience),
    });
    const answer = (await response.json()) as T & { readonly message?: string };
    if (response.ok) return { kind: 'ok', value: answer };
    const seconds = Number(response.headers.get('retry-after') ?? pause);
    if (response.status === 429 || response.status === 500) return { kind: 'unheard', seconds };
    return { kind: 'refused', message: answer.message ?? `The class server answered ${response.status}.` };
  } catch {
    return { kind: 'unheard', seconds: pause };
  }
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
