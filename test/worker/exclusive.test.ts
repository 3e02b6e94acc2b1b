// What measures and what trains keep out of each other's way, and say by whom they are kept.
import { describe, expect, it } from 'vitest';
import { Exclusive } from '../../src/worker/exclusive.ts';
import { createLab } from '../../src/worker/lab-service.ts';
import { tinyExperiment } from '../lab/training/tiny-runs.ts';

const calibration = { what: 'Calibration', way: 'wait for it' };
const profile = { what: 'A profile', way: 'wait for it', isBetweenSteps: true };

/** A task that ends when it is told to. */
function openTask() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { task: () => ended, end };
}

describe('the exclusive use of a device', () => {
  it('belongs to one at a time, whose name the next is told', async () => {
    const exclusive = new Exclusive(() => false);
    const { task, end } = openTask();
    const first = exclusive.during(calibration, task);
    for (const refused of [
      exclusive.during(profile, async () => 1),
      exclusive.freeForTraining(),
      (async () => exclusive.requireFree())(),
    ]) {
      await expect(refused).rejects.toMatchObject({
        problem: { kind: 'busy', message: 'Calibration is running: wait for it.' },
      });
    }
    end();
    await first;
    expect(await exclusive.during(profile, async () => 1)).toBe(1);
  });

  it('is free again after a failure', async () => {
    const exclusive = new Exclusive(() => false);
    const failed = exclusive.during(calibration, () => Promise.reject(new Error('lost')));
    await expect(failed).rejects.toThrow('lost');
    expect(() => exclusive.requireFree()).not.toThrow();
  });

  it('is refused beside a run, but for what takes its place between steps', async () => {
    const exclusive = new Exclusive(() => true);
    await expect(exclusive.during(calibration, async () => 1)).rejects.toThrow(
      'A run is training: pause it or wait.',
    );
    expect(await exclusive.during(profile, async () => 1)).toBe(1);
  });

  it('is left to a run by what can be cancelled, once that has ended', async () => {
    const exclusive = new Exclusive(() => false);
    const { task, end } = openTask();
    const said: string[] = [];
    const cancel = () => {
      said.push('cancelled');
      setTimeout(() => {
        said.push('ended');
        end();
      }, 5);
    };
    const validation = exclusive.during({ what: 'A validation', way: 'cancel it or wait', cancel }, task);
    await exclusive.freeForTraining();
    expect(said).toEqual(['cancelled', 'ended']);
    await validation;
  });
});

describe('the lab', () => {
  it('cancels a lesson for a run, and refuses a lesson beside one', async () => {
    const lab = createLab();
    const lesson = lab.runLesson({ id: 'gradients', size: 'small' }, () => undefined);
    const profiled = await lab.runLesson({ id: 'deepseek', size: 'small' }, () => undefined);
    expect(profiled).toMatchObject({ problem: { message: 'A lesson is running: cancel it or wait.' } });
    const experiment = JSON.parse(JSON.stringify(tinyExperiment({ train: { steps: 100_000 } })));
    expect((await lab.start(experiment)).kind).toBe('ok');
    expect(await lesson).toMatchObject({
      problem: { kind: 'busy', message: 'Training was started, so the lesson was cancelled.' },
    });
    const beside = await lab.runLesson({ id: 'deepseek', size: 'small' }, () => undefined);
    expect(beside).toMatchObject({ problem: { message: 'A run is training: pause it or wait.' } });
    await lab.pause();
    expect((await lab.runLesson({ id: 'deepseek', size: 'small' }, () => undefined)).kind).toBe('ok');
    await lab.stop();
  });
});
