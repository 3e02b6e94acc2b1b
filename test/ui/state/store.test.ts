// Problems on display: one of a kind, and gone when what was refused is answered.
import { beforeEach, expect, it } from 'vitest';
import type { Problem } from '../../../src/contract/values.ts';
import { PageStore } from '../../../src/ui/state/store.ts';

const refusal = (kind: Problem['kind']) => ({ kind: 'problem', problem: { kind, message: kind } }) as const;
const answer = { kind: 'ok', value: 1 } as const;

let store: PageStore;
const shown = (): readonly Problem['kind'][] => store.state.problems.map(({ problem }) => problem.kind);
beforeEach(() => {
  store = new PageStore(() => undefined);
});

it('takes a refusal off the display when the same call is answered, and no other', () => {
  expect(store.take(refusal('invalidRequest'), 'readText')).toBeUndefined();
  store.take(refusal('tooLarge'), 'serve');
  store.take(answer); // nobody asked for it
  store.take(answer, 'positionLosses');
  expect(shown()).toEqual(['invalidRequest', 'tooLarge']);
  expect(store.take(answer, 'readText')).toBe(1);
  expect(shown()).toEqual(['tooLarge']);
});

it('shows one problem of a kind, and of a call the last', () => {
  store.take(refusal('busy'), 'readText');
  store.take(refusal('busy'), 'serve');
  expect(shown()).toEqual(['busy']);
  store.take(refusal('tooLarge'), 'serve');
  expect(shown()).toEqual(['tooLarge']);
});

it('takes the refusal of a long call off the display when it is asked again', async () => {
  const connection = { lab: {} as never, died: new Promise<string>(() => undefined), close: () => undefined };
  store.connect(connection);
  await store.job('selfTest', 'Checking', async () => refusal('outOfMemory'));
  expect(shown()).toEqual(['outOfMemory']);
  let during: readonly Problem['kind'][] | undefined;
  await store.job('selfTest', 'Checking', async () => {
    during = shown();
    return refusal('busy');
  });
  expect(during).toEqual([]);
  expect(shown()).toEqual(['busy']);
});
