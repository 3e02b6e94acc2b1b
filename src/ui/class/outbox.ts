// Results on their way to the class server: they wait where it does not answer, over reloads too, and none is sent twice at once.
import { atom } from 'nanostores';
import type { ClassResult } from '../../classroom/result.ts';
import { classOfPage, sendResult } from './calls.ts';
import { keepMembership, type Membership, readMembership, withWaiting } from './membership.ts';

/** Where the sending stands. */
export interface OutboxView {
  readonly membership: Membership;
  /** Ids of results that arrived during this visit. */
  readonly sent: ReadonlySet<string>;
  /** Why results wait; empty while nothing hinders. */
  readonly hindrance: string;
}

/** What an outbox needs of its surroundings. */
export interface OutboxSurroundings {
  readonly send: typeof sendResult;
  readonly read: () => Membership;
  readonly keep: (membership: Membership) => void;
  /** Calls back after so many seconds. */
  readonly later: (callback: () => void, seconds: number) => void;
}

/** Keeps results until the server has them. */
export class Outbox {
  readonly $view;
  readonly #around: OutboxSurroundings;
  #isSending = false;

  constructor(around: OutboxSurroundings) {
    this.#around = around;
    this.$view = atom<OutboxView>({ membership: around.read(), sent: new Set(), hindrance: '' });
  }

  get membership(): Membership {
    return this.$view.get().membership;
  }

  /** Changes who this is or which class it is in. */
  become(change: Partial<Pick<Membership, 'name' | 'code'>>): void {
    this.#set({ membership: { ...this.membership, ...change } });
  }

  /** Puts a result behind the others and sends what there is. */
  add(result: ClassResult): Promise<void> {
    this.#set({ membership: withWaiting(this.membership, result) });
    return this.flush();
  }

  /** Forgets what waits and what arrived: the student has taken all back. */
  clear(): void {
    this.#set({ membership: { ...this.membership, waiting: [] }, sent: new Set(), hindrance: '' });
  }

  /** Sends what waits, oldest first. Where the server is away it asks again by itself. */
  async flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (;;) {
        const [result] = this.membership.waiting;
        if (result === undefined || this.membership.code === '') return;
        const outcome = await this.#around.send(this.membership.code, result);
        if (outcome.kind === 'unheard') {
          this.#set({
            hindrance: 'The class server does not answer. Results wait here and are sent when it does.',
          });
          this.#around.later(() => void this.flush(), outcome.seconds);
          return;
        }
        if (outcome.kind === 'refused') {
          this.#set({ hindrance: outcome.message }); // it waits for a right code, or to be taken back
          return;
        }
        this.#arrived(result);
      }
    } finally {
      this.#isSending = false;
    }
  }

  #arrived(result: ClassResult): void {
    const { membership, sent } = this.$view.get();
    // One of the same id that was added meanwhile is newer, and waits on.
    const waiting = membership.waiting.filter((one) => one !== result);
    this.#set({ membership: { ...membership, waiting }, sent: new Set([...sent, result.id]), hindrance: '' });
  }

  #set(change: Partial<OutboxView>): void {
    const view = { ...this.$view.get(), ...change };
    if (change.membership !== undefined) this.#around.keep(view.membership);
    this.$view.set(view);
  }
}

let shared: Outbox | undefined;

/** The page's outbox. The first call sends what an earlier visit left, where a class server served the page. */
export function pageOutbox(): Outbox {
  if (shared !== undefined) return shared;
  shared = new Outbox({
    send: sendResult,
    read: readMembership,
    keep: keepMembership,
    later: (callback, seconds) => void setTimeout(callback, seconds * 1000),
  });
  if (classOfPage() !== undefined) void shared.flush();
  return shared;
}
