// The worker connection over real message ports: arguments, callbacks, and calls that must not hang.
import { expose } from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import { connectWorker, type WorkerLike } from '../../../src/ui/state/connection.ts';
import { createFakeLab } from '../page/fake-lab.ts';

const ports: MessagePort[] = [];

/** A worker in this thread: a lab behind a message channel, with the error events of a real one. */
function startWorker(lab: object) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expose(lab, port2);
  port2.start();
  port1.start();
  const errors = new EventTarget();
  const place = (name: string): EventTarget => (name === 'message' ? port1 : errors);
  let isTerminated = false;
  const worker = {
    postMessage: (message: unknown, transfer: Transferable[]) => port1.postMessage(message, transfer),
    addEventListener: (name: string, listener: EventListener) => place(name).addEventListener(name, listener),
    removeEventListener: (name: string, listener: EventListener) =>
      place(name).removeEventListener(name, listener),
    terminate: () => {
      isTerminated = true;
    },
  } as unknown as WorkerLike;
  return { worker, fail: () => errors.dispatchEvent(new Event('error')), isTerminated: () => isTerminated };
}

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

describe('lab connection', () => {
  it('passes values and callbacks through', async () => {
    const { lab } = connectWorker(startWorker(createFakeLab().lab).worker);
    const catalogue = await lab.catalogue();
    expect(catalogue.presets[0]?.id).toBe('nano');
    const seen: number[] = [];
    const result = await lab.selfTest((done) => void seen.push(done));
    expect(result.kind).toBe('ok');
    await expect.poll(() => seen).toEqual([2]);
  });

  it('lets an exception of the worker through as an error', async () => {
    const { lab } = connectWorker(
      startWorker({ catalogue: () => Promise.reject(new Error('schema: broken')) }).worker,
    );
    await expect(lab.catalogue()).rejects.toThrow('schema: broken');
  });

  it('rejects a pending call when the script does not start', async () => {
    const { worker, fail } = startWorker({ catalogue: () => new Promise(() => {}) });
    const { lab, died } = connectWorker(worker);
    const pending = lab.catalogue();
    fail();
    await expect(pending).rejects.toMatchObject({ name: 'WorkerGoneError' });
    await expect(died).resolves.toMatch(/did not start/);
    await expect(lab.savedRuns()).rejects.toMatchObject({ name: 'WorkerGoneError' });
  });

  it('lives on after an uncaught exception of a worker that had answered', async () => {
    const { worker, fail } = startWorker(createFakeLab().lab);
    const { lab } = connectWorker(worker);
    await lab.catalogue();
    fail();
    expect((await lab.savedRuns()).length).toBe(0);
  });

  it('rejects what is pending when it is closed', async () => {
    const { worker, isTerminated } = startWorker({ catalogue: () => new Promise(() => {}) });
    const connection = connectWorker(worker);
    const pending = connection.lab.catalogue();
    connection.close();
    await expect(pending).rejects.toMatchObject({ name: 'WorkerGoneError' });
    expect(isTerminated()).toBe(true);
  });
});
