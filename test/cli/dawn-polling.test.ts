// Native callbacks sleep before they are called; everybody else's setImmediate stays what it was.
import { expect, it, vi } from 'vitest';
import { yieldToDriver } from '../../src/cli/dawn-polling.ts';

it('lets JavaScript through at once and keeps setImmediate’s promise form', async () => {
  const before = globalThis.setImmediate;
  yieldToDriver();
  const installed = globalThis.setImmediate;
  expect(installed).not.toBe(before);
  yieldToDriver();
  expect(globalThis.setImmediate).toBe(installed);
  const values = await new Promise<unknown[]>((resolve) => {
    setImmediate((...list: unknown[]) => resolve(list), 1, 'two');
  });
  expect(values).toEqual([1, 'two']);
  expect(setImmediate.__promisify__).toBe(before.__promisify__);
});

/** Naps of a chain of native callbacks, each of which asks for the next. Milliseconds. */
async function napsOf(turns: number): Promise<(number | undefined)[]> {
  const wait = vi.spyOn(Atomics, 'wait');
  await new Promise<void>((resolve) => {
    let turn = 0;
    const next = () => {
      turn++;
      if (turn < turns)
        setImmediate(next.bind(undefined)); // a bound function is native code
      else resolve();
    };
    setImmediate(next.bind(undefined));
  });
  const naps = wait.mock.calls.map(([, , , milliseconds]) => milliseconds);
  wait.mockRestore();
  return naps;
}

it('naps before a native callback, longer the longer it waits, and shortly again for the next wait', async () => {
  yieldToDriver();
  for (const turns of [60, 40]) {
    const naps = await napsOf(turns);
    expect(naps).toHaveLength(turns);
    expect(naps[0]).toBeLessThan(0.2);
    expect(naps.every((nap, i) => i === 0 || (nap ?? 0) >= (naps[i - 1] ?? 0))).toBe(true);
    expect(naps.at(-1)).toBe(2);
  }
});
