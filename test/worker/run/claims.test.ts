// Who has a run: two workers of one browser over a lock manager of their own.
import { expect, it } from 'vitest';
import { type Locks, RunClaims } from '../../../src/worker/run/claims.ts';

/** As the Web Locks API grants exclusive locks: at once, or not at all. */
function fakeLocks(): Locks {
  const held = new Set<string>();
  const request = async (
    name: string,
    _options: LockOptions,
    use: (lock: Lock | null) => Promise<void> | undefined,
  ): Promise<void> => {
    if (held.has(name)) return use(null);
    held.add(name);
    await use({ name, mode: 'exclusive' });
    held.delete(name);
  };
  return {
    request: request as Locks['request'],
    query: async () => ({ held: [...held].map((name) => ({ name })), pending: [] }),
  };
}

it('gives a run to one worker until it is released', async () => {
  const locks = fakeLocks();
  const [first, second] = [new RunClaims(locks), new RunClaims(locks)];
  await first.take('a');
  await first.take('a'); // it has it
  await expect(second.take('a')).rejects.toMatchObject({ problem: { kind: 'openElsewhere' } });
  expect([...(await second.elsewhere())]).toEqual(['a']);
  expect([...(await first.elsewhere())]).toEqual([]);
  await second.take('b');
  first.release('a');
  await new Promise((resolve) => setTimeout(resolve));
  await second.take('a');
  second.keepOnly('a');
  await new Promise((resolve) => setTimeout(resolve));
  expect([...(await first.elsewhere())]).toEqual(['a']);
});

it('grants everything where there are no locks', async () => {
  const claims = new RunClaims(undefined);
  await claims.take('a');
  expect((await claims.elsewhere()).size).toBe(0);
});
