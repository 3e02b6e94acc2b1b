// Starts threads for the lab. The page does it: in Firefox a worker that starts another one may wait for ever.
import { isAboutThread, type ThreadKind, type ThreadRequest } from '../../contract/threads.ts';

/** A thread that takes orders and gives answers. */
export interface Thread<Order, Answer> {
  post(order: Order): void;
  /** Called with every answer, and with what ends the thread. */
  listen(onAnswer: (answer: Answer) => void, onFailure: (error: Error) => void): void;
  terminate(): void;
}

let started = 0;

/**
 * Asks the page for a thread; orders wait for it. In Firefox 153 `new Worker` blocks the worker that calls it until the
 * page's thread has answered, and about once in fifty starts on a busy machine it never went on.
 */
export function startThread<Order, Answer>(of: ThreadKind): Thread<Order, Answer> {
  const thread = started++;
  const { port1: port, port2: handedOn } = new MessageChannel();
  const ask = (request: ThreadRequest, transfer: Transferable[] = []) =>
    self.postMessage(request, { transfer });
  let fail: (error: Error) => void = () => undefined;
  const onPage = ({ data }: MessageEvent<unknown>) => {
    if (isAboutThread(data) && 'failure' in data && data.thread === thread) fail(new Error(data.failure));
  };
  self.addEventListener('message', onPage);
  ask({ thread, ask: 'start', of }, [handedOn]);
  return {
    post: (order) => port.postMessage(order),
    listen: (onAnswer, onFailure) => {
      fail = onFailure;
      port.addEventListener('message', ({ data }: MessageEvent<Answer>) => onAnswer(data));
      port.addEventListener('messageerror', () => onFailure(new Error('it sent what cannot be read')));
      port.start();
    },
    terminate: () => {
      self.removeEventListener('message', onPage);
      port.close();
      ask({ thread, ask: 'end' });
    },
  };
}
