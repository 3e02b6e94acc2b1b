// Waiting on queues that look for finished work only now and then, as Firefox's does.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { settle, workDone } from '../../src/runtime/settle.ts';
import { listFiles } from '../architecture/source-files.ts';
import { PollingQueue } from './polling-queue.ts';

describe('settle', () => {
  beforeEach(() => void vi.useFakeTimers());

  /** Milliseconds until a promise settles, on the fake clock. */
  const timeOf = async (promise: Promise<unknown>): Promise<number> => {
    const start = performance.now();
    let end: number | undefined;
    const note = () => {
      end = performance.now();
    };
    promise.then(note, note);
    while (end === undefined) await vi.advanceTimersByTimeAsync(1);
    return end - start;
  };

  it('learns within 2 ms what the queue would tell after 100', async () => {
    const queue = new PollingQueue(100);
    queue.work(7);
    expect(await timeOf(queue.onSubmittedWorkDone())).toBe(100);
    queue.work(7);
    expect(await timeOf(settle(queue.asQueue, queue.onSubmittedWorkDone()))).toBeLessThanOrEqual(9);
  });

  it('submits nothing when nobody waits', async () => {
    const queue = new PollingQueue(100);
    queue.work(3);
    await timeOf(settle(queue.asQueue, queue.onSubmittedWorkDone()));
    const submits = queue.submits;
    await vi.advanceTimersByTimeAsync(500);
    expect(queue.submits).toBe(submits);
    expect(vi.getTimerCount()).toBe(1); // the queue's own poll
  });

  it('shares its submits among those who wait at once', async () => {
    const queue = new PollingQueue(100);
    queue.work(20);
    const device = { queue: queue.asQueue } as GPUDevice;
    const waits = Array.from({ length: 8 }, () => workDone(device));
    await timeOf(Promise.all(waits));
    expect(queue.submits).toBeLessThanOrEqual(21);
  });

  it('passes a failure on and rests', async () => {
    const queue = new PollingQueue(100);
    const failure = settle(queue.asQueue, Promise.reject(new Error('lost')));
    await expect(failure).rejects.toThrow('lost');
    expect(vi.getTimerCount()).toBe(1);
  });
});

it('is how all of src waits for a queue', () => {
  const bare = listFiles('src', '.ts')
    .filter(({ path }) => path !== 'src/runtime/settle.ts')
    .flatMap(({ path, text }) =>
      [...text.matchAll(/.*\b(mapAsync|onSubmittedWorkDone)\(.*/g)]
        .map(([line]) => line)
        .filter((line) => !line.includes('settle(') && !/^\s*(\/\/|\*)/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
  expect(bare).toEqual([]);
});
