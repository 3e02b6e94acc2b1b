// What a class server answers: a pure function of the call and the class, without sockets.
import { timingSafeEqual } from 'node:crypto';
import {
  type ClassChanges,
  type ClassRefusal,
  codeHeader,
  keyHeader,
  normalCode,
  studentHeader,
} from '../../classroom/protocol.ts';
import { readResultText } from '../../classroom/result.ts';
import { callLimit, RateLimiter, wrongLimit } from './limits.ts';
import type { ClassStore } from './store.ts';

/** Most results of a class, and of one student. */
export const mostResults = 5000;
const mostOfOneStudent = 60;

/** A class that is open. */
export interface OpenClass {
  readonly title: string;
  /** What students type. */
  readonly code: string;
  /** What the teacher's view needs. */
  readonly key: string;
  readonly store: ClassStore;
}

/** One call. */
export interface ClassCall {
  readonly method: string;
  /** Behind `class/`, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly address: string;
  /** Seconds of any clock that only goes forward. */
  readonly now: number;
}

/** What is sent back. */
export interface ClassAnswer {
  readonly status: number;
  readonly body: object;
  /** After how many seconds to ask again. */
  readonly retryAfter?: number;
}

/** An answer that needs the body, of a caller who may send one. */
export type AnswerToBody = (body: string) => ClassAnswer;

const refusal = (status: number, message: string): ClassAnswer => ({
  status,
  body: { message } satisfies ClassRefusal,
});

/** Answers calls of one class, and remembers who asks too often. No body is read of one who is refused. */
export function createAnswers({
  title,
  code,
  key,
  store,
}: OpenClass): (call: ClassCall) => ClassAnswer | AnswerToBody {
  const calls = new RateLimiter(callLimit);
  const wrong = new RateLimiter(wrongLimit);

  const putResult = (body: string): ClassAnswer => {
    const read = readResultText(body);
    if (read.kind === 'problem') return refusal(400, read.message);
    const { student, id } = read.value;
    const isNew = !store.has(student, id);
    if (isNew && store.count() >= mostResults)
      return refusal(507, `This class has ${mostResults} results and takes no more. Tell your teacher.`);
    if (isNew && store.count(student) >= mostOfOneStudent)
      return refusal(507, `You have sent ${mostOfOneStudent} results. Delete yours, then send again.`);
    store.put(read.value);
    return { status: 200, body: { title } };
  };

  /** Calls of students, by the join code. */
  const studentCalls: Readonly<Record<string, (call: ClassCall) => ClassAnswer | AnswerToBody>> = {
    'POST join': () => ({ status: 200, body: { title } }),
    'POST results': () => putResult,
    'DELETE mine': ({ headers }) => {
      const student = one(headers[studentHeader]);
      return { status: 200, body: { deleted: student === '' ? 0 : store.delete({ student }) } };
    },
  };

  /** Calls of the teacher, by the key. */
  const teacherCalls: Readonly<Record<string, (call: ClassCall) => ClassAnswer>> = {
    'GET results': ({ path }) => {
      const since = Number(/[?&]since=(\d{1,15})\b/.exec(path)?.[1] ?? 0);
      return { status: 200, body: { title, code, ...store.changes(since) } satisfies ClassChanges };
    },
    'DELETE results': ({ path }) => {
      const row = /[?&]row=(\d{1,15})\b/.exec(path)?.[1];
      return {
        status: 200,
        body: { deleted: store.delete(row === undefined ? 'all' : { row: Number(row) }) },
      };
    },
    'DELETE names': () => {
      store.deleteNames();
      return { status: 200, body: {} };
    },
  };

  return (call) => {
    const { method, path, headers, address, now } = call;
    const tooOften = Math.max(calls.wait(address, now), wrong.wait(address, now));
    if (tooOften > 0) {
      const seconds = Math.ceil(tooOften);
      return {
        ...refusal(429, `Too many calls from this address. Wait ${seconds} s; nothing is lost.`),
        retryAfter: seconds,
      };
    }
    calls.take(address, now);
    const name = `${method} ${path.replace(/\?.*$/, '')}`;
    const [student, teacher] = [studentCalls[name], teacherCalls[name]];
    if (student !== undefined) {
      if (isSame(normalCode(one(headers[codeHeader])), code)) return student(call);
      wrong.take(address, now);
      return refusal(403, 'This is not the join code of this class. It stands on the teacher’s screen.');
    }
    if (teacher !== undefined) {
      if (isSame(one(headers[keyHeader]), key)) return teacher(call);
      wrong.take(address, now);
      return refusal(
        403,
        'The teacher’s view needs the key that flopscope class printed. Open its address again.',
      );
    }
    return refusal(404, `A class server has no ${name}.`);
  };
}

function one(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}

/** Compares in a time that does not tell how far two texts agree. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
