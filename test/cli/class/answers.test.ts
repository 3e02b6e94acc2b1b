// What a class server answers to students, to the teacher, and to those who are neither.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type ClassCall, createAnswers } from '../../../src/cli/class/answers.ts';
import { type ClassStore, openClassStore } from '../../../src/cli/class/store.ts';
import { sampleResult } from '../../classroom/sample-result.ts';

const code = 'BCD234';
const key = 'teacher-key-0123456789';

type CallChange = Partial<ClassCall> & { readonly body?: string };

describe('the answers of a class server', () => {
  let store: ClassStore;
  let answer: ReturnType<typeof createAnswers>;
  beforeEach(() => {
    readBody.mockClear();
    store = openClassStore();
    answer = createAnswers({ title: 'Physics 11b', code, key, store });
  });

  const readBody = vi.fn((body: string) => body);
  const call = (method: string, path: string, { body = '', ...change }: CallChange = {}) => {
    const answered = answer({ method, path, headers: {}, address: '10.0.0.1', now: 0, ...change });
    return typeof answered === 'function' ? answered(readBody(body)) : answered;
  };
  const student = (method: string, path: string, change: CallChange = {}) =>
    call(method, path, { headers: { 'x-class-code': 'bcd 234' }, ...change });
  const teacher = (method: string, path: string) => call(method, path, { headers: { 'x-class-key': key } });

  it('takes results by the join code, however it is typed, and shows them by the key', () => {
    expect(student('POST', 'join').body).toEqual({ title: 'Physics 11b' });
    expect(student('POST', 'results', { body: JSON.stringify(sampleResult()) }).status).toBe(200);
    const { status, body } = teacher('GET', 'results?since=0');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      title: 'Physics 11b',
      code,
      rows: [{ person: 1, result: { name: 'Ana' } }],
    });
    expect(teacher('GET', 'results?since=1').body).toMatchObject({ rows: [] });
  });

  it('lets nobody in without the code or the key', () => {
    const body = JSON.stringify(sampleResult());
    expect(call('POST', 'results', { body })).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/join code/) },
    });
    expect(call('POST', 'join', { headers: { 'x-class-code': 'AAAAAA' } }).status).toBe(403);
    expect(student('GET', 'results')).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/key/) },
    });
    for (const wrong of ['', key.slice(1), `${key}x`])
      expect(call('DELETE', 'results', { headers: { 'x-class-key': wrong } }).status).toBe(403);
    expect(call('GET', '../secrets').status).toBe(404);
    expect(readBody).not.toHaveBeenCalled();
    expect(store.count()).toBe(0);
  });

  it('stops one who guesses codes, and goes on with the others', () => {
    const guess = () => call('POST', 'join', { headers: { 'x-class-code': 'AAAAAA' } });
    const found = Array.from({ length: 100 }, guess);
    expect(found.filter(({ status }) => status === 403)).toHaveLength(30);
    const last = found.at(-1);
    expect(last?.status).toBe(429);
    expect(last?.retryAfter).toBeGreaterThan(0);
    expect(student('POST', 'join', { address: '10.0.0.2' }).status).toBe(200);
    expect(student('POST', 'join', { now: 60 }).status).toBe(200);
  });

  it('answers a flood with a time to wait, after which all of it can be sent', () => {
    const send = (index: number, now: number) =>
      student('POST', 'results', {
        body: JSON.stringify(
          sampleResult({ id: `result-${1000 + index}`, student: `student-${index % 30}-x` }),
        ),
        now,
      }).status;
    let waiting = Array.from({ length: 320 }, (_, index) => index);
    for (let now = 0; waiting.length > 0 && now < 100; now++)
      waiting = waiting.filter((index) => send(index, now) === 429);
    expect(waiting).toEqual([]);
    expect(store.count()).toBe(320);
    expect(readBody).toHaveBeenCalledTimes(320); // none of those who had to wait
  });

  it('says what is wrong with a result, and when a student has sent too many', () => {
    expect(student('POST', 'results', { body: '{' })).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(/not JSON/) },
    });
    const send = (index: number) =>
      student('POST', 'results', { body: JSON.stringify(sampleResult({ id: `result-${1000 + index}` })) });
    for (let index = 0; index < 60; index++) expect(send(index).status).toBe(200);
    expect(send(59).status).toBe(200); // again: it replaces its former self
    expect(send(60)).toMatchObject({
      status: 507,
      body: { message: expect.stringMatching(/You have sent 60/) },
    });
  });

  it('deletes what a student sent when that student asks, and what the teacher says', () => {
    for (const id of ['student-0001', 'student-0002'])
      student('POST', 'results', { body: JSON.stringify(sampleResult({ student: id })) });
    const headers = { 'x-class-code': code, 'x-class-student': 'student-0001' };
    expect(call('DELETE', 'mine', { headers }).body).toEqual({ deleted: 1 });
    expect(student('DELETE', 'mine').body).toEqual({ deleted: 0 });
    expect(teacher('DELETE', 'names').status).toBe(200);
    expect(store.changes(0).rows.map(({ result }) => result?.name)).toEqual([undefined]);
    expect(teacher('DELETE', 'results?row=2').body).toEqual({ deleted: 1 });
    expect(store.count()).toBe(0);
  });
});
