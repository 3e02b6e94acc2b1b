// Native callbacks sleep before they are called; everybody else's setImmediate stays what it was.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const original = globalThis.setImmediate;
let modules = 0;
let yieldToDriver: (isSoftware: boolean) => void;

// It is installed once in a process: each test begins with a module of its own, where it is not.
beforeEach(async () => {
  ({ yieldToDriver } = await import(/* @vite-ignore */ `../../src/cli/dawn-polling.ts?${modules++}`));
});

afterEach(() => {
  globalThis.setImmediate = original;
});

it('lets JavaScript through at once and keeps setImmediate’s promise form', async () => {
  const before = globalThis.setImmediate;
  yieldToDriver(false);
  const installed = globalThis.setImmediate;
  expect(installed).not.toBe(before);
  yieldToDriver(false);
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

it('naps shortly however long a GPU of its own takes: what it has done is heard of at once', async () => {
  yieldToDriver(false);
  expect(Math.max(...(await napsOf(60)).map((nap) => nap ?? 9))).toBeLessThan(0.2);
});

it('naps longer the longer a software GPU takes, and shortly again for the next wait', async () => {
  yieldToDriver(true);
  for (const turns of [60, 40]) {
    const naps = await napsOf(turns);
    expect(naps).toHaveLength(turns);
    expect(naps[0]).toBeLessThan(0.2);
    expect(naps.every((nap, i) => i === 0 || (nap ?? 0) >= (naps[i - 1] ?? 0))).toBe(true);
    expect(naps.at(-1)).toBe(2);
  }
});
