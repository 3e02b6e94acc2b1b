// A run belongs to one tab: a Web Lock named after it, held as long as the run is open. Two writers would mix their saves.

import { LabError } from '../../lab/plans/problem.ts';

const prefix = 'flopscope run ';

/** The part of the browser's lock manager that claims need. */
export type Locks = Pick<LockManager, 'request' | 'query'>;

/** The claims of one worker; where the browser has no locks, everything is granted. */
export class RunClaims {
  readonly #locks: Locks | undefined;
  readonly #held = new Map<string, () => void>();

  constructor(locks: Locks | undefined = globalThis.navigator?.locks) {
    this.#locks = locks;
  }

  /** Claims a run until `release`. @throws LabError of kind `openElsewhere` while another tab has it */
  async take(id: string): Promise<void> {
    if (this.#locks === undefined || this.#held.has(id)) return;
    const locks = this.#locks;
    const isMine = await new Promise<boolean>((answer, fail) => {
      locks
        .request(prefix + id, { ifAvailable: true }, (lock) => {
          if (lock === null) {
            answer(false);
            return undefined;
          }
          return new Promise<void>((release) => {
            this.#held.set(id, release);
            answer(true);
          });
        })
        .catch(fail);
    });
    if (isMine) return;
    throw new LabError({
      kind: 'openElsewhere',
      message: 'This run is open in another tab of this browser, which goes on writing to it.',
    });
  }

  /** Gives a run up; nothing happens where it was not claimed. */
  release(id: string): void {
    this.#held.get(id)?.();
    this.#held.delete(id);
  }

  /** Gives all runs up but this one. */
  keepOnly(id: string | undefined): void {
    for (const held of [...this.#held.keys()]) if (held !== id) this.release(held);
  }

  /** Ids of the runs that other tabs have open. */
  async elsewhere(): Promise<ReadonlySet<string>> {
    const { held = [] } = (await this.#locks?.query()) ?? {};
    const names = held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : []));
    return new Set(names.filter((id) => !this.#held.has(id)));
  }
}
