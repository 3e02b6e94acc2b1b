// The page's side of the lab's threads: started and ended as asked, and their failures told.
import { expect, it } from 'vitest';
import type { ThreadKind, ThreadRequest } from '../../../src/contract/threads.ts';
import { startThreadsFor } from '../../../src/ui/state/thread-starter.ts';

/** A worker that notes what becomes of it. */
class FakeWorker extends EventTarget {
  readonly posted: unknown[] = [];
  isTerminated = false;
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  terminate(): void {
    this.isTerminated = true;
  }
}

/** A lab whose page starts fakes; one of kind `fit` cannot be started. */
function serve() {
  const lab = new FakeWorker();
  const threads: FakeWorker[] = [];
  const end = startThreadsFor(lab, (of: ThreadKind) => {
    if (of === 'fit') throw new Error('the policy forbids it');
    const thread = new FakeWorker();
    threads.push(thread);
    return thread;
  });
  const ask = (request: ThreadRequest) => lab.dispatchEvent(new MessageEvent('message', { data: request }));
  return { lab, threads, end, ask };
}

it('starts and ends threads by their numbers, and all at the end', () => {
  const { lab, threads, end, ask } = serve();
  ask({ thread: 0, ask: 'start', of: 'processor' });
  ask({ thread: 1, ask: 'start', of: 'tokenizer' });
  lab.dispatchEvent(new MessageEvent('message', { data: { id: 'of comlink' } }));
  ask({ thread: 0, ask: 'end' });
  expect(threads.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  end();
  expect(threads.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  ask({ thread: 2, ask: 'start', of: 'processor' });
  expect(threads).toHaveLength(2);
  expect(lab.posted).toEqual([]);
});

it('tells the lab of a thread that cannot start, and of one that is gone', () => {
  const { lab, threads, ask } = serve();
  ask({ thread: 0, ask: 'start', of: 'fit' });
  ask({ thread: 1, ask: 'start', of: 'processor' });
  threads[0]?.dispatchEvent(new Event('error'));
  expect(lab.posted).toEqual([
    { thread: 0, failure: 'the policy forbids it' },
    { thread: 1, failure: 'it did not load' },
  ]);
});
