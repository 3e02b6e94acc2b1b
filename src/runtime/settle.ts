// Waits for the device's answers without waiting for the browser's next look at it.
//
// Firefox asks whether work is done every 100 ms, and whenever something is submitted (Bugzilla 1870699; measured with
// Firefox 153: an empty queue's onSubmittedWorkDone took 100 ms, with empty submits in between 1 ms). Other browsers look
// by themselves, and an empty submit costs them next to nothing.

/** Pause between two empty submits. Browsers stretch it to 4 ms after a few. */
const pauseMilliseconds = 1;

/** Waits on one queue share their submits. */
const waiting = new WeakMap<GPUQueue, Waiting>();

interface Waiting {
  promises: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The value of what a queue answers when its work is done: `mapAsync`, `onSubmittedWorkDone`. */
export async function settle<T>(queue: GPUQueue, answer: Promise<T>): Promise<T> {
  const wait = waiting.get(queue) ?? { promises: 0, timer: undefined };
  waiting.set(queue, wait);
  wait.promises++;
  wait.timer ??= setTimeout(submitEmpty, pauseMilliseconds, queue, wait);
  try {
    return await answer;
  } finally {
    wait.promises--;
    if (wait.promises === 0) {
      clearTimeout(wait.timer);
      wait.timer = undefined;
    }
  }
}

/** Resolves when everything submitted so far is done. */
export function workDone({ queue }: GPUDevice): Promise<void> {
  return settle(
    queue,
    queue.onSubmittedWorkDone().then(() => undefined),
  );
}

/** Resolves when a buffer, or its first bytes, can be read. */
export function mapped({ queue }: GPUDevice, buffer: GPUBuffer, size?: number): Promise<void> {
  return settle(
    queue,
    buffer.mapAsync(GPUMapMode.READ, 0, size).then(() => undefined),
  );
}

function submitEmpty(queue: GPUQueue, wait: Waiting): void {
  queue.submit([]);
  wait.timer = setTimeout(submitEmpty, pauseMilliseconds, queue, wait);
}
