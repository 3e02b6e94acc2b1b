// A thread of the lab, from the request to the page up to its end, over real message ports.
import { afterEach, expect, it, vi } from 'vitest';
import type { ThreadRequest } from '../../../src/contract/threads.ts';
import { startThread } from '../../../src/worker/threads/start.ts';

afterEach(() => void vi.unstubAllGlobals());

/** A worker's global scope whose page is this test. */
function stubLab() {
  const scope = Object.assign(new EventTarget(), {
    asked: [] as ThreadRequest[],
    ports: [] as MessagePort[],
    postMessage(request: ThreadRequest, { transfer }: { readonly transfer: readonly MessagePort[] }) {
      this.asked.push(request);
      this.ports.push(...transfer);
    },
  });
  vi.stubGlobal('self', scope);
  return scope;
}

it('asks the page for a thread, and talks to it through a port', async () => {
  const lab = stubLab();
  const thread = startThread<string, string>('fit');
  const [{ thread: number = -1 } = {}] = lab.asked;
  expect(lab.asked).toEqual([{ thread: number, ask: 'start', of: 'fit' }]);
  const [port] = lab.ports;
  if (!port) throw new Error('no port was handed on');
  // What serves the orders may come later than they do.
  thread.post('one');
  const answers: string[] = [];
  thread.listen(
    (answer) => answers.push(answer),
    () => undefined,
  );
  port.onmessage = ({ data }) => port.postMessage(`${data} done`);
  await expect.poll(() => answers).toEqual(['one done']);
  thread.terminate();
  expect(lab.asked.at(-1)).toEqual({ thread: number, ask: 'end' });
  port.close();
});

it('is told of its own failure alone, and not once it was ended', () => {
  const lab = stubLab();
  const [first, second] = [startThread('processor'), startThread('processor')];
  const [one, two] = lab.asked.map(({ thread }) => thread);
  const failures: string[] = [];
  const note = ({ message }: Error) => failures.push(message);
  first.listen(() => undefined, note);
  second.listen(() => undefined, note);
  const fail = (thread: number | undefined, failure: string) =>
    lab.dispatchEvent(new MessageEvent('message', { data: { thread, failure } }));
  fail(two, 'it did not load');
  expect(failures).toEqual(['it did not load']);
  first.terminate();
  fail(one, 'too late');
  expect(failures).toEqual(['it did not load']);
  second.terminate();
  for (const port of lab.ports) port.close();
});
