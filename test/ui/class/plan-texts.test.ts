// Class plans: which lessons they take, and in which order.
import { expect, it } from 'vitest';
import type { LessonInfo, LessonTeaching } from '../../../src/contract/lessons.ts';
import { lessonsOfPlan } from '../../../src/ui/class/plan-texts.ts';

const lesson = (id: string, teaching?: LessonTeaching) =>
  ({ id, ...(teaching === undefined ? {} : { teaching }) }) as LessonInfo;

it('takes its own lessons in their order, apart those without minutes, and none of a teacher’s own', () => {
  const lessons = [
    lesson('a', { plan: 'serving', minutes: 9, questions: [] }),
    lesson('b', { plan: 'serving', questions: [] }),
    lesson('c', { plan: 'learning', minutes: 5, questions: [] }),
    lesson('d', { plan: 'serving', minutes: 3, questions: [] }),
    lesson('own'),
  ];
  const { core, more } = lessonsOfPlan(lessons, 'serving');
  expect(core.map(({ id }) => id)).toEqual(['a', 'd']);
  expect(more.map(({ id }) => id)).toEqual(['b']);
});
