// The lessons of the fake lab: there are none.
import type { LessonsApi } from '../../../src/contract/lessons.ts';

/** Answers as a worker without lessons and without a run. */
export const fakeLessons: LessonsApi = {
  lessons: async () => [],
  addLesson: async () => ({
    kind: 'problem',
    problem: { kind: 'invalidFile', message: 'lesson file: it is none.' },
  }),
  runLesson: async ({ id }) => ({
    kind: 'problem',
    problem: { kind: 'invalidConfig', message: `lesson: there is no "${id}" in the fake lab.` },
  }),
  cancelLesson: async () => {},
};
