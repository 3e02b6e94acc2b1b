// Requests to end: the signal, and waiting that they cut short.
import { describe, expect, it } from 'vitest';
import { Interrupted } from '../../src/cli/failure.ts';
import { unlessInterrupted, withInterruption } from '../../src/cli/interruption.ts';

const never = new Promise<never>(() => undefined);

describe('withInterruption', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'turns %s into an aborted signal and goes on',
    async (name) => {
      const before = process.listenerCount(name);
      const aborted = await withInterruption(async (signal) => {
        process.emit(name, name);
        return signal.aborted;
      });
      expect(aborted).toBe(true);
      expect(process.listenerCount(name)).toBe(before);
    },
  );
});

describe('unlessInterrupted', () => {
  it('gives the work’s result', async () => {
    expect(await unlessInterrupted(new AbortController().signal, '', Promise.resolve(3))).toBe(3);
  });

  it('stops waiting at the signal, or does not begin', async () => {
    const controller = new AbortController();
    const waiting = unlessInterrupted(controller.signal, 'nothing kept', never);
    controller.abort();
    await expect(waiting).rejects.toThrow(Interrupted);
    await expect(unlessInterrupted(controller.signal, 'nothing kept', never)).rejects.toThrow('nothing kept');
  });
});
