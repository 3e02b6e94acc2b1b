// One tab at a time works on a pulled model's files: a Web Lock named after its commit.
import { LabError } from '../../lab/plans/problem.ts';
import type { Locks } from '../run/claims.ts';

/**
 * Does work while nobody else has the model; where the browser has no locks, at once.
 * @throws LabError of kind `busy` while somebody has it
 */
export async function withModelLocked<T>(
  id: string,
  commit: string,
  work: () => Promise<T>,
  locks: Pick<Locks, 'request'> | undefined = globalThis.navigator?.locks,
): Promise<T> {
  if (locks === undefined) return work();
  return locks.request(`flopscope model ${id} ${commit}`, { ifAvailable: true }, (lock) => {
    if (lock !== null) return work();
    throw new LabError({
      kind: 'busy',
      message: `pull: ${id} is being pulled or opened, perhaps in another tab. Wait for that, or pause it there.`,
    });
  });
}
