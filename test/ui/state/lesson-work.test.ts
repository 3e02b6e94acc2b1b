// What a reader guessed and found stays over a reload; anything else in its place is left alone.
import { expect, it } from 'vitest';
import {
  keepLessonWork,
  type LessonWork,
  lessonWork,
  noteLessonWork,
  readLessonWork,
} from '../../../src/ui/state/lesson-work.ts';

/** Storage of a few characters. */
function shelf(room = Number.POSITIVE_INFINITY) {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (value.length > room) throw new Error('QuotaExceededError');
      kept.set(key, value);
    },
  };
}

const outcome: LessonWork['outcome'] = {
  ...{ lesson: 'heads', size: 'small', guess: 1, guessVerdict: 'right', seconds: 3 },
  prediction: { answer: { value: 1, text: '1' }, reasons: ['because'], figures: [] },
  measured: { value: 1, text: '1' },
  ...{ checks: [], figures: [], meaning: ['so'] },
};

it('keeps guesses and outcomes', () => {
  const storage = shelf();
  const work = new Map<string, LessonWork>([
    ['heads small', { guess: 1, outcome }],
    ['causal normal', { guess: 'all' }],
  ]);
  keepLessonWork(work, () => storage);
  expect(readLessonWork(() => storage)).toEqual(work);
});

it('keeps the guesses alone of outcomes that are too large', () => {
  const storage = shelf();
  const large = { ...outcome, meaning: ['x'.repeat(2_000_000)] } as LessonWork['outcome'];
  keepLessonWork(new Map([['heads small', { guess: 1, outcome: large }]]), () => storage);
  expect(readLessonWork(() => storage)).toEqual(new Map([['heads small', { guess: 1 }]]));
});

it('keeps what another tab noted since this one was opened', () => {
  const storage = shelf();
  noteLessonWork('heads small', { guess: 1 }, () => storage);
  keepLessonWork(
    new Map([...readLessonWork(() => storage), ['causal small', { guess: 'all' }]]),
    () => storage,
  );
  noteLessonWork('heads small', { outcome }, () => storage);
  const all = new Map<string, LessonWork>([
    ['heads small', { guess: 1, outcome }],
    ['causal small', { guess: 'all' }],
  ]);
  expect(readLessonWork(() => storage)).toEqual(all);
  expect(lessonWork.get()).toEqual(all);
});

it('does without storage, and without room in it', () => {
  const none = () => {
    throw new Error('SecurityError');
  };
  expect(readLessonWork(none)).toEqual(new Map());
  expect(() => keepLessonWork(new Map([['a small', { guess: 1 }]]), none)).not.toThrow();
  expect(() => keepLessonWork(new Map([['a small', { guess: 1 }]]), () => shelf(1))).not.toThrow();
});

it.each(['', 'no JSON', '{}', '[1]', '[["a",null]]', '[["a",{"guess":{}}]]', '[["a",{"outcome":{}}]]'])(
  'takes %j for nothing',
  (text) => {
    const storage = { ...shelf(), getItem: () => text };
    expect(readLessonWork(() => storage)).toEqual(new Map());
  },
);
