// Native callbacks sleep before they are called; everybody else's setImmediate stays what it was.
import { expect, it } from 'vitest';
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

it('naps before a native callback', async () => {
  yieldToDriver();
  let turns = 0;
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const turn = () => {
      turns++;
      if (turns < 20)
        setImmediate(turn.bind(undefined)); // a bound function is native code
      else resolve();
    };
    turn();
  });
  expect(performance.now() - start).toBeGreaterThan(19 * 0.2 * 0.9);
});
