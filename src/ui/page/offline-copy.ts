// The copy of the page that the browser keeps: made once the page is idle, and renewed when the visitor says so.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Milliseconds after which the copy is made although the page was never idle. */
const longestWait = 10_000;

/** Why the page may be loaded again: a newer one waits, or this one came without what lets threads share memory. */
export type ReloadReason = 'newer' | 'threads';

/** Keeps the copy where browser and address allow it, and tells the page why it may be loaded again. */
export class OfflineCopy implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #registration: ServiceWorkerRegistration | undefined;
  #reason: ReloadReason | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  get reason(): ReloadReason | undefined {
    return this.#reason;
  }

  hostConnected(): void {
    // Only a built page has a service worker, and only a secure address may have one.
    if (!import.meta.env.PROD || navigator.serviceWorker === undefined) return;
    const keep = (): void => void this.#keep();
    if ('requestIdleCallback' in globalThis) requestIdleCallback(keep, { timeout: longestWait });
    else setTimeout(keep, longestWait);
  }

  /** Loads what waits. The page saves what it has first. */
  load(): void {
    const waiting = this.#registration?.waiting;
    if (!waiting) location.reload();
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting?.postMessage('take over');
  }

  /** Makes the copy. A browser that refuses keeps nothing; the page works as before. */
  async #keep(): Promise<void> {
    const isIsolating = import.meta.env.VITE_ISOLATE !== undefined;
    try {
      this.#registration = await navigator.serviceWorker.register(
        `service-worker.js${isIsolating ? '?isolate' : ''}`,
      );
      await navigator.serviceWorker.ready;
    } catch {
      return; // private windows, a full disk, a certificate that is not trusted
    }
    // Where another tab took the newer one, what this one has not loaded yet may be gone.
    if (navigator.serviceWorker.controller !== null)
      navigator.serviceWorker.addEventListener('controllerchange', () => this.#tell('newer'));
    if (isIsolating && !crossOriginIsolated) this.#tell('threads');
    if (this.#registration.waiting) this.#tell('newer');
    this.#registration.addEventListener('updatefound', () => this.#follow());
    this.#follow();
  }

  /** A newer one that is being fetched is told of once it is whole. */
  #follow(): void {
    const coming = this.#registration?.installing;
    if (!coming) return;
    coming.addEventListener('statechange', () => {
      if (coming.state === 'installed' && navigator.serviceWorker.controller !== null) this.#tell('newer');
    });
  }

  #tell(reason: ReloadReason): void {
    this.#reason = reason;
    this.#host.requestUpdate();
  }
}
