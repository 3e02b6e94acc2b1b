// Results on their way to the class server: they wait where it does not answer, over reloads too, for all tabs of a browser.
import { atom } from 'nanostores';
import type { ClassResult } from '../../classroom/result.ts';
import { type CallOutcome, classOfPage, deleteMine, pause, sendResult } from './calls.ts';
import {
  keepMembership,
  keptMembership,
  type Membership,
  membershipKey,
  newMembership,
  withoutWaiting,
  withWaiting,
} from './membership.ts';

/** Where the sending stands. */
export interface OutboxView {
  readonly membership: Membership;
  /** Ids of results that arrived during this visit. */
  readonly sent: ReadonlySet<string>;
  /** Results that the server does not take, by id: why. They wait to be sent again or taken back, and hold up no other. */
  readonly refused: ReadonlyMap<string, string>;
  /** Why results wait; empty while nothing hinders. */
  readonly hindrance: string;
}

/** What an outbox needs of its surroundings. */
export interface OutboxSurroundings {
  readonly send: typeof sendResult;
  readonly deleteMine: typeof deleteMine;
  /** What the browser keeps, which another tab may have changed. */
  readonly read: () => Membership | undefined;
  /** False where nothing can be kept. */
  readonly keep: (membership: Membership) => boolean;
  /** Calls back after so many seconds. */
  readonly later: (callback: () => void, seconds: number) => void;
  /** Works while no other tab does; rejects where the browser gives no lock. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Keeps results until the server has them. */
export class Outbox {
  readonly $view;
  readonly #around: OutboxSurroundings;
  /** False once the browser kept nothing: then this tab's memory is all there is. */
  #isKept = true;
  #isRetryAsked = false;
  /** Sending that has not begun: a press meanwhile adds to it, not behind it. */
  #next: Promise<void> | undefined;
  /** Deletions that wait for their turn: until then nothing more is sent, for it would be deleted too. */
  #deletions = 0;
  /** The last of what this tab does with the server, one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(around: OutboxSurroundings) {
    this.#around = around;
    const membership = around.read() ?? newMembership();
    this.$view = atom<OutboxView>({ membership, sent: new Set(), refused: new Map(), hindrance: '' });
  }

  get membership(): Membership {
    return this.$view.get().membership;
  }

  /** Changes who this is or which class it is in: what one class refused, another may take. */
  become(change: Partial<Pick<Membership, 'name' | 'code'>>): void {
    this.#change((now) => ({ ...now, ...change }));
    if (change.code !== undefined) this.#show({ refused: new Map(), hindrance: '' });
  }

  /** Puts a result behind the others and sends what there is. */
  add(result: ClassResult): Promise<void> {
    this.#change((now) => withWaiting(now, result));
    this.#show({ refused: without(this.$view.get().refused, result.id) });
    return this.flush();
  }

  /** Deletes all that the student sent, also what waits. What is sent after the press stays. */
  async takeBack(): Promise<CallOutcome<{ readonly deleted: number }>> {
    const { waiting } = this.membership;
    this.#change((now) => withoutWaiting(now, waiting));
    this.#deletions += 1;
    // Behind what is on its way: else that would arrive after all was deleted.
    const outcome = await this.#inTurn(async () => {
      this.#deletions -= 1;
      const { code, student } = this.membership;
      const deleted = await this.#around.deleteMine(code, student);
      if (deleted.kind === 'ok') this.#show({ sent: new Set(), refused: new Map(), hindrance: '' });
      return deleted;
    });
    void this.flush();
    return outcome;
  }

  /** Another tab changed what is kept. What waits is its to send; should it be closed, this one sends it. */
  refresh(): void {
    this.#show({ membership: this.#now() });
    if (this.membership.waiting.length > 0) this.#retry(pause);
  }

  /** Sends what waits, oldest first. Where the server is away it asks again by itself. */
  flush(): Promise<void> {
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#send();
    });
    return this.#next;
  }

  async #send(): Promise<void> {
    while (this.#deletions === 0) {
      const { refused } = this.$view.get();
      const { code, waiting } = this.#now();
      const result = waiting.find(({ id }) => !refused.has(id));
      if (result === undefined || code === '') return;
      const outcome = await this.#around.send(code, result);
      if (outcome.kind === 'unheard') {
        const why = outcome.message ?? 'The class server does not answer.';
        this.#show({ hindrance: `${why} Results wait here and are sent when it takes them.` });
        this.#retry(outcome.seconds);
        return;
      }
      if (outcome.kind === 'refused' && outcome.isStranger) {
        this.#show({ hindrance: outcome.message }); // all wait for a right code
        return;
      }
      if (outcome.kind === 'refused')
        this.#show({ refused: new Map([...this.$view.get().refused, [result.id, outcome.message]]) });
      else this.#arrived(result);
    }
  }

  #arrived(result: ClassResult): void {
    this.#change((now) => withoutWaiting(now, [result]));
    this.#show({ sent: new Set([...this.$view.get().sent, result.id]), hindrance: '' });
  }

  /** One attempt is due at a time, however often somebody presses Send meanwhile. */
  #retry(seconds: number): void {
    if (this.#isRetryAsked) return;
    this.#isRetryAsked = true;
    this.#around.later(() => {
      this.#isRetryAsked = false;
      void this.flush();
    }, seconds);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    let isBegun = false;
    const begin = (): Promise<T> => {
      isBegun = true;
      return work();
    };
    // A browser that gives no lock does not hold up what waits: two tabs may send the same result, which replaces itself.
    const alone = (): Promise<T> =>
      this.#around.alone(begin).catch((error: unknown) => {
        if (isBegun) throw error;
        return begin();
      });
    const turn = this.#turn.then(alone);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** What the browser keeps, whichever tab wrote it. */
  #now(): Membership {
    return (this.#isKept ? this.#around.read() : undefined) ?? this.membership;
  }

  /** Changes what is kept, and not what another tab changed beside it. */
  #change(change: (now: Membership) => Membership): void {
    const membership = change(this.#now());
    this.#isKept = this.#around.keep(membership) && this.#isKept;
    this.#show({ membership });
  }

  #show(change: Partial<OutboxView>): void {
    this.$view.set({ ...this.$view.get(), ...change });
  }
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  return new Map([...map].filter(([one]) => one !== key));
}

let shared: Outbox | undefined;

/** The page's outbox. The first call sends what an earlier visit left, where a class server served the page. */
export function pageOutbox(): Outbox {
  if (shared !== undefined) return shared;
  const outbox = new Outbox({
    send: sendResult,
    deleteMine,
    read: keptMembership,
    keep: keepMembership,
    later: (callback, seconds) => void setTimeout(callback, seconds * 1000),
    // Not there over plain http: two tabs may then send the same result, which replaces itself.
    alone: async (work) =>
      navigator.locks === undefined ? work() : navigator.locks.request('flopscope-class', work),
  });
  shared = outbox;
  addEventListener('storage', ({ key }) => {
    if (key === membershipKey || key === null) outbox.refresh();
  });
  if (classOfPage() !== undefined) void outbox.flush();
  return outbox;
}
