// The lessons behind the contract: one at a time, refused beside training, cancelled with a reason.
import { describe, expect, it } from 'vitest';
import type { LessonEvent } from '../../src/contract/lessons.ts';
import { allLessons } from '../../src/lab/lessons/catalogue.ts';
import { cpuEngine } from '../../src/lab/plans/engine.ts';
import { Exclusive } from '../../src/worker/exclusive.ts';
import { createLessons } from '../../src/worker/lessons-service.ts';
import { ownLessonFile } from '../lab/lessons/own-lesson-file.ts';

const nothing = () => undefined;

function createService(isTraining = false) {
  const exclusive = new Exclusive(() => isTraining);
  return { exclusive, service: createLessons({ engine: async () => cpuEngine() }, exclusive) };
}

const problem = (message: string) => ({
  kind: 'problem',
  problem: { message: expect.stringContaining(message) },
});

describe('the lessons service', () => {
  it('lists the lessons and runs one', async () => {
    const { service } = createService();
    expect(await service.lessons()).toEqual(allLessons.map(({ info }) => info));
    const events: LessonEvent[] = [];
    const outcome = await service.runLesson({ id: 'deepseek', size: 'small', guess: 1 }, (event) =>
      events.push(event),
    );
    expect(outcome).toMatchObject({
      kind: 'ok',
      value: { lesson: 'deepseek', guess: 1, guessVerdict: 'off' },
    });
    expect(events.at(-1)).toEqual({ kind: 'progress', fraction: 1, what: 'Done' });
  });

  it('puts a lesson of one’s own behind the others, once, and runs it', async () => {
    const { service } = createService();
    const text = JSON.stringify({ ...ownLessonFile, measure: 'parameters' });
    const added = await service.addLesson(text);
    expect(added).toMatchObject({ kind: 'ok', value: { title: 'How low?' } });
    await service.addLesson(text);
    const infos = await service.lessons();
    expect(infos).toHaveLength(allLessons.length + 1);
    const id = infos.at(-1)?.id ?? '';
    expect(await service.runLesson({ id, size: 'small' }, nothing)).toMatchObject({
      kind: 'ok',
      value: { lesson: id },
    });
    expect(await service.addLesson('{}')).toMatchObject(problem('lesson file: '));
  });

  it('refuses while a run is training, and lessons that are not there', async () => {
    const run = (isTraining: boolean, id: string) =>
      createService(isTraining).service.runLesson({ id, size: 'small' }, nothing);
    expect(await run(true, 'deepseek')).toMatchObject(problem('A run is training: pause it or wait.'));
    expect(await run(false, 'x')).toMatchObject(problem('no "x"'));
  });

  it('runs one at a time, and the next after training ended the last', async () => {
    const { service, exclusive } = createService();
    const request = { id: 'gradients', size: 'small' } as const;
    let freed: Promise<void> | undefined;
    const first = service.runLesson(request, (event) => {
      if (event.kind === 'progress' && /Training with skip/.test(event.what))
        freed ??= exclusive.freeForTraining();
    });
    expect(await service.runLesson(request, nothing)).toMatchObject(
      problem('A lesson is running: cancel it or wait.'),
    );
    expect(await first).toMatchObject(problem('Training was started, so the lesson was cancelled.'));
    await freed;
    const next = await service.runLesson({ id: 'deepseek', size: 'small' }, nothing);
    expect(next).toMatchObject({ kind: 'ok', value: { size: 'small' } });
  });
});
