// The service worker: keeps the built page, so that all of it opens and trains without a network.
import { PrecacheController, type PrecacheEntry } from 'workbox-precaching';
import { choosePage, isolated } from './page-choice.ts';

/** What is used of a service worker's scope: TypeScript's own types of it contradict those of the page. */
interface OfflineScope {
  /** What to keep, with a revision of each; the build writes it. */
  readonly __WB_MANIFEST: (string | PrecacheEntry)[];
  readonly location: URL;
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'install' | 'activate', handle: (event: ExtendableEvent) => void): void;
  addEventListener(name: 'message', handle: (event: MessageEvent) => void): void;
  addEventListener(name: 'fetch', handle: (event: FetchEvent) => void): void;
}
interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as OfflineScope;
const files = new PrecacheController();
files.addToCacheList((self as unknown as OfflineScope).__WB_MANIFEST);

/** The page asks for it by the address of this file, where it was built so. */
const isIsolating = scope.location.search === '?isolate';
const finish = (response: Response): Response => (isIsolating ? isolated(response) : response);

scope.addEventListener('install', (event) => void files.install(event));
scope.addEventListener('activate', (event) => {
  // Files of an earlier build go. The page that is open gets what it loads later from here, on a first visit too.
  event.waitUntil(Promise.all([files.activate(event), scope.clients.claim()]));
});

// A newer build waits until the visitor takes it.
scope.addEventListener('message', ({ data }) => {
  if (data === 'take over') void scope.skipWaiting();
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  const home = new URL(scope.registration.scope);
  if (url.origin !== home.origin) return;
  if (request.mode === 'navigate') {
    if (url.pathname !== home.pathname && url.pathname !== `${home.pathname}index.html`) return;
    const page = files
      .matchPrecache(`${home.pathname}index.html`)
      .then((kept) => choosePage(kept, () => fetch(request)));
    event.respondWith(page.then(finish));
  } else if (files.getCacheKeyForURL(request.url) !== undefined) {
    event.respondWith(
      files
        .matchPrecache(request)
        .then((kept) => kept ?? fetch(request))
        .then(finish),
    );
  }
});
