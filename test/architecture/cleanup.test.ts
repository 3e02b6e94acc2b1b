// What a test leaves behind is gone in the next one: files of one process share their globals.
import { expect, it, vi } from 'vitest';

const before = { now: performance.now, timeout: setTimeout };

it.fails('a test fails before it puts its spies, clock, environment and globals away', () => {
  vi.spyOn(performance, 'now').mockReturnValue(1);
  vi.stubEnv('FLOPSCOPE_LEFT', 'behind');
  vi.stubGlobal('leftBehind', true);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  expect.unreachable('as intended');
});

it('and the next one finds none of them', () => {
  expect(performance.now).toBe(before.now);
  expect(setTimeout).toBe(before.timeout);
  expect(process.env.FLOPSCOPE_LEFT).toBeUndefined();
  expect(globalThis).not.toHaveProperty('leftBehind');
});
