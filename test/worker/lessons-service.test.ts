// The lessons behind the contract: one at a time, refused beside training, cancelled with a reason.
import { describe, expect, it } from 'vitest';
import type { LessonEvent } from '../../src/contract/lessons.ts';
import { cpuEngine } from '../../src/lab/plans/engine.ts';
import { Exclusive } from '../../src/worker/exclusive.ts';
import { LessonsService } from '../../src/worker/lessons-service.ts';
import { tinyRun } from '../lab/training/tiny-runs.ts';

const nothing = () => undefined;

function createService(isTraining = false) {
  const withRun = async () => {
    throw new Error('There is no run.');
  };
  const exclusive = new Exclusive(() => isTraining);
  return new LessonsService({ engine: async () => cpuEngine(), exclusive, withRun });
}

describe('the lessons service', () => {
  it('lists seven lessons and runs one', async () => {
    const service = createService();
    expect(service.list()).toHaveLength(7);
    const events: LessonEvent[] = [];
    const outcome = await service.run({ id: 'deepseek', size: 'small', guess: 1 }, (event) =>
      events.push(event),
    );
    expect(outcome).toMatchObject({ lesson: 'deepseek', guess: 1, guessVerdict: 'off' });
    expect(events.at(-1)).toEqual({ kind: 'progress', fraction: 1, what: 'Done' });
  });

  it('refuses while a run is training, and lessons that are not there', async () => {
    await expect(createService(true).run({ id: 'deepseek', size: 'small' }, nothing)).rejects.toThrow(
      'A run is training: pause it or wait.',
    );
    await expect(createService().run({ id: 'x', size: 'small' }, nothing)).rejects.toThrow(/no "x"/);
  });

  it('shows a head of the open run, with its tokens as they are read', async () => {
    const run = await tinyRun();
    const service = new LessonsService({
      ...{ engine: async () => cpuEngine(), exclusive: new Exclusive(() => false) },
      withRun: (task) => task(run, cpuEngine()),
    });
    const figure = await service.attentionMap({ text: 'a cat', layer: 1, head: 0 });
    if (figure.kind !== 'matrix') throw new Error('the figure is no matrix');
    expect(figure.title).toBe('Attention of layer 2, head 1 at step 0');
    expect(figure.rows).toEqual(['a', '␣', 'c', 'a', 't']);
    expect(figure.values[0]).toEqual([1, 0, 0, 0, 0]);
    const request = { text: 'a cat', layer: 2, head: 0 };
    await expect(service.attentionMap(request)).rejects.toThrow(/no layer 2 of 2/);
    await expect(service.attentionMap({ ...request, text: '☃' })).rejects.toMatchObject({
      problem: { kind: 'invalidData' },
    });
    run.runtime.dispose();
  });

  it('runs one at a time, and the next after the last was cancelled', async () => {
    const service = createService();
    const request = { id: 'gradients', size: 'small' } as const;
    const progress: string[] = [];
    const first = service.run(request, (event) => {
      if (event.kind === 'progress') progress.push(event.what);
    });
    await expect(service.run(request, nothing)).rejects.toThrow('A lesson is running: cancel it or wait.');
    await expect.poll(() => progress.at(-1), { timeout: 20_000 }).toMatch(/Training with skip/);
    service.cancel('Training began.');
    await expect(first).rejects.toMatchObject({ problem: { kind: 'busy', message: 'Training began.' } });
    await expect(service.run({ id: 'deepseek', size: 'small' }, nothing)).resolves.toMatchObject({
      size: 'small',
    });
  });
});
