// Fetches the code of rooms: ahead of time while the page is idle, and again and again where the network fails.

import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { pageParts } from './parts.ts';
import { type Room, rooms } from './rooms.ts';

/** Milliseconds before a room is asked for again; the last holds from then on. */
const pauses = [2000, 4000, 8000, 16_000, 30_000] as const;
/** Milliseconds after which rooms are fetched although the page was never idle. */
const longestWait = 5000;

/** Loads rooms for the page, which is told of each one that has come. */
export class RoomLoader implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #onLoaded: (id: string) => void;
  #missing: Room | undefined;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, onLoaded: (id: string) => void) {
    this.#host = host;
    this.#onLoaded = onLoaded;
    host.addController(this);
  }

  /** The room that is wanted and could not be loaded yet. */
  get missing(): Room | undefined {
    return this.#missing;
  }

  hostConnected(): void {
    addEventListener('online', this.#retry);
    const preload = (): void => void this.#preload();
    // Safari has no idle callbacks.
    if ('requestIdleCallback' in globalThis) requestIdleCallback(preload, { timeout: longestWait });
    else setTimeout(preload, longestWait);
  }

  hostDisconnected(): void {
    removeEventListener('online', this.#retry);
    clearTimeout(this.#timer);
  }

  /** Loads a room that is wanted now; where it does not come, it is asked for again by itself. */
  async load(room: Room): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await room.load();
    } catch {
      this.#missing = room;
      const pause = pauses[Math.min(this.#attempts, pauses.length - 1)];
      this.#attempts += 1;
      this.#timer = setTimeout(this.#retry, pause);
      this.#host.requestUpdate();
      return;
    }
    this.forget();
    this.#onLoaded(room.id);
  }

  /** Asks no more for a room that did not come: another one is shown. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#missing = undefined;
    this.#attempts = 0;
  }

  readonly #retry = (): void => {
    if (this.#missing !== undefined) void this.load(this.#missing);
  };

  /** One after another: what a person does meanwhile comes first. What fails is fetched when it is wanted. */
  async #preload(): Promise<void> {
    for (const load of [...rooms.map((room) => room.load), ...Object.values(pageParts)])
      await load().catch(() => undefined);
  }
}
