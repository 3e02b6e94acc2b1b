// Every lesson's small form: what theory says comes out, and the prediction is told first.
import { expect, it } from 'vitest';
import { openNodeProcessor } from '../../../src/cli/threads/wasm.ts';
import type { LessonEvent } from '../../../src/contract/lessons.ts';
import { allLessons } from '../../../src/lab/lessons/catalogue.ts';
import { runLesson } from '../../../src/lab/lessons/lesson.ts';
import { classMinutes, classPlans, frameMinutes, lessonsOfPlan } from '../../../src/ui/class/plan-texts.ts';

/** Lessons whose checks compare measured times, which what else the machine does may spoil, as it may for a reader. */
const timed = ['decode', 'batches'];

it.each(allLessons.map((lesson) => [lesson.info.id, lesson] as const))(
  'the small form of %s finds what theory says',
  async (id, lesson) => {
    const { engine } = await openNodeProcessor({ memoryBytes: 2 ** 30, threads: 1 });
    const events: LessonEvent[] = [];
    const outcome = await runLesson(engine, lesson, { id, size: 'small' }, (event) => events.push(event));
    if (!timed.includes(id)) expect(outcome.checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(outcome.checks.length).toBeGreaterThanOrEqual(3);
    const told = events.findIndex(({ kind }) => kind === 'prediction');
    expect(events[told]).toEqual({ kind: 'prediction', prediction: outcome.prediction });
    expect(events.slice(0, told).every((event) => event.kind === 'progress' && event.fraction === 0)).toBe(
      true,
    );
    expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
  },
);

it('stands in one class plan each, which fill a class, with questions that have answers', () => {
  const infos = allLessons.map(({ info }) => info);
  const planned = classPlans.map(({ id }) => lessonsOfPlan(infos, id));
  for (const { core } of planned) {
    const minutes = core.reduce((sum, { teaching }) => sum + (teaching?.minutes ?? 0), 2 * frameMinutes);
    expect(minutes).toBe(classMinutes);
  }
  const ids = planned.flatMap(({ core, more }) => [...core, ...more]).map(({ id }) => id);
  expect([...ids].sort()).toEqual(infos.map(({ id }) => id).sort());
  for (const { teaching } of infos) {
    expect(teaching?.questions.length).toBeGreaterThanOrEqual(2);
    for (const { ask, expect: answer } of teaching?.questions ?? []) {
      expect(ask).toMatch(/\?$/);
      expect(answer).toMatch(/\.$/);
    }
  }
});
