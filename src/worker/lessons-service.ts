// Runs the guided lessons for the page: one at a time, on runtimes of their own, and none while a run is training.

import type { LessonEvent, LessonsApi } from '../contract/lessons.ts';
import { allLessons, lessonNamed } from '../lab/lessons/catalogue.ts';
import { type Lesson, runLesson } from '../lab/lessons/lesson.ts';
import { readOwnLesson } from '../lab/lessons/own.ts';
import { answer } from './answer.ts';
import type { Devices } from './devices.ts';
import type { Exclusive } from './exclusive.ts';

/** The calls about lessons. */
export function createLessons(devices: Pick<Devices, 'engine'>, exclusive: Exclusive): LessonsApi {
  let running: AbortController | undefined;
  const own = new Map<string, Lesson>();
  /** Stops the lesson that runs, if one does; `why` is what its caller is told. */
  const cancel = (why: string) => running?.abort(why);
  const activity = {
    what: 'A lesson',
    way: 'cancel it or wait',
    cancel: () => cancel('Training was started, so the lesson was cancelled.'),
  };
  return {
    lessons: async () => [...allLessons, ...own.values()].map(({ info }) => info),
    addLesson: (text) =>
      answer(async () => {
        const lesson = await readOwnLesson(text);
        own.set(lesson.info.id, lesson);
        return lesson.info;
      }),
    runLesson: (request, onEvent) =>
      answer(async () => {
        const lesson = own.get(request.id) ?? lessonNamed(request.id);
        return exclusive.during(activity, async () => {
          const abort = new AbortController();
          running = abort;
          try {
            const engine = await devices.engine();
            return await runLesson(engine, lesson, request, atMostTenASecond(onEvent), abort.signal);
          } finally {
            running = undefined;
          }
        });
      }),
    cancelLesson: async () => cancel('The lesson was cancelled.'),
  };
}

/** Passes all on but progress that says nothing new within a tenth of a second: a GPU takes hundreds of steps in one. */
function atMostTenASecond(onEvent: (event: LessonEvent) => void): (event: LessonEvent) => void {
  let last = { what: '', at: Number.NEGATIVE_INFINITY };
  return (event) => {
    if (event.kind === 'progress') {
      const at = performance.now();
      if (event.what === last.what && at < last.at + 100) return;
      last = { what: event.what, at };
    }
    onEvent(event);
  };
}
