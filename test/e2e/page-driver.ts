// Drives the page as a person would: finds what is on display through the shadow trees, clicks, types and waits.
import type { Browser, ElementHandle, Page } from 'puppeteer';
import { pageAddress } from '../browser.ts';
import { recallCheckedKernels } from './checked-kernels.ts';
import { clickOn } from './clicks.ts';

/** The page in a tab, with everything that went wrong in it. */
export interface PageDriver {
  readonly page: Page;
  /** Errors of scripts, failed requests, and violations of the content policy. */
  readonly troubles: string[];
  /** Kinds of the questions that the browser asked; each was answered with yes. */
  readonly dialogs: string[];
  /** The text of an element as it is on display; empty when there is no such element. */
  text(element: string, inside?: string): Promise<string>;
  /** Waits until the text matches. Fails with the text that was there. */
  waitForText(element: string, inside: string, pattern: RegExp): Promise<string>;
  /** Cumulative layout shift since the page was loaded, without what follows on a press. */
  layoutShift(): Promise<number>;
  /** Clicks what the selector finds, or what has this label, with the mouse. Waits until it can be clicked. */
  click(element: string, inside: string, label?: string | RegExp): Promise<void>;
  find(element: string, inside: string, label?: string | RegExp): Promise<ElementHandle<Element>>;
}

/**
 * After this long a wait has failed: nothing takes a tenth of it, unless the machine has much else to do. Seconds. Less
 * than a test may take, so that it is the wait that fails, with what was on display.
 */
const patience = 240;

/** Between two looks: short at first, for much is there at once. Milliseconds. */
const pauses = [10, 20, 40, 80] as const;

/** What a look meets while the page is loaded anew. */
const isBetweenPages = /[Cc]ontext was destroyed|Cannot find context|detached/;

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A configuration so small that a software GPU makes many steps a second; it does not end by itself. */
export const tinyQuery = new URLSearchParams({
  v: '1',
  preset: 'nano',
  'model.layers': '1',
  'model.width': '32',
  'model.heads': '2',
  'model.hidden': '32', // as wide as the model: products share their shapes, and a software GPU compiles fewer
  'model.context': '32',
  'train.batch': '4',
  'train.steps': '100000',
  'train.evaluationInterval': '10',
  'train.evaluationBatches': '1',
  'train.sampleInterval': '20',
  'data.tokenizer': 'characters',
  'data.characters': '20000',
}).toString();

/**
 * Opens the page in a new tab, with a query or in a room (`#runs`), as for one who trained in this browser before.
 * @param width pixels of the window
 * @param kept choices of earlier visits; `{}` where none was made
 */
export async function openPage(
  browser: Pick<Browser, 'newPage'>,
  query = '',
  width = 1500,
  kept = familiar,
): Promise<PageDriver> {
  const lab = await attach(await browser.newPage(), width, kept);
  await lab.page.goto(
    query === '' || query.startsWith('#') ? pageAddress() + query : `${pageAddress()}?${query}`,
  );
  await recallCheckedKernels(lab.page);
  return lab;
}

/** What one who knows the page has chosen, which most tests want: everything on display, no measuring before a run. */
const familiar: Readonly<Record<string, string>> = {
  'flopscope-level': 'everything',
  'flopscope-measure-first': 'never',
  'flopscope-tour': 'offered',
};

/**
 * The same of one who lets the processor train: what is not about a GPU need not wait for one in software, which compiles
 * for seconds. On one thread: two files are tested at a time.
 */
export const onProcessor: Readonly<Record<string, string>> = {
  ...familiar,
  'flopscope-runtime': 'wasm',
  'flopscope-threads': '1',
};

/**
 * Drives a tab that has not gone anywhere yet.
 * @param kept choices of earlier visits; `{}` for a first one
 * @param isKeptOffline whether the page gets its service worker, which fetches and keeps all of it for each visitor. One
 * that crashes with its tab may stop Chromium's next navigation, too
 */
export async function attach(
  page: Page,
  width = 1500,
  kept = familiar,
  isKeptOffline = false,
): Promise<PageDriver> {
  page.setDefaultTimeout(patience * 1000);
  await page.setViewport({ width, height: 1000 });
  // Who comes again need not see the recording play, which keeps half a core busy for nine seconds.
  const still = [{ name: 'prefers-reduced-motion', value: 'reduce' }];
  if (kept['flopscope-tour'] !== undefined) await page.emulateMediaFeatures(still).catch(() => undefined);
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.type());
    void dialog.accept();
  });
  if (!isKeptOffline)
    await page.evaluateOnNewDocument(() => {
      delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
    });
  await page.evaluateOnNewDocument((kept) => {
    // A visitor who comes again: what was chosen before stays as it was left.
    try {
      for (const [key, choice] of Object.entries(kept)) {
        if (localStorage.getItem(key) === null) localStorage.setItem(key, choice);
      }
    } catch {
      // A document without an origin keeps nothing.
    }
    const moved = globalThis as { layoutShift?: number };
    moved.layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
      })[])
        if (!entry.hadRecentInput) moved.layoutShift = (moved.layoutShift ?? 0) + entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  }, kept);
  return driver(page, troubles, dialogs);
}

function driver(page: Page, troubles: string[], dialogs: string[]): PageDriver {
  const search = async (element: string, inside: string, label: string | RegExp | undefined) => {
    const pattern = label instanceof RegExp ? label.source : label && `^${label}$`;
    const handle = await page.evaluateHandle(
      (host, selector, text) => {
        const hostsIn = (root: Document | ShadowRoot): Element[] =>
          [...root.querySelectorAll('*')].flatMap((one) => [
            ...(one.localName === host ? [one] : []),
            ...(one.shadowRoot ? hostsIn(one.shadowRoot) : []),
          ]);
        const hosts = hostsIn(document);
        // Two rooms may have such an element: meant is the one on display.
        const tree = (hosts.find((one) => one.checkVisibility()) ?? hosts[0])?.shadowRoot;
        const found = [...(tree?.querySelectorAll(selector) ?? [])];
        const named = (candidate: Element): string =>
          (candidate.getAttribute('aria-label') ?? candidate.textContent ?? '').replace(/\s+/g, ' ').trim();
        return found.find((candidate) => text === undefined || new RegExp(text).test(named(candidate)));
      },
      element,
      inside,
      pattern,
    );
    return handle.asElement() as ElementHandle<Element> | null;
  };
  const text = async (element: string, inside = ':host > *, section, header, dl, div'): Promise<string> => {
    const found = await search(element, inside, undefined);
    return found === null
      ? ''
      : found.evaluate(({ textContent }) => (textContent ?? '').replace(/\s+/g, ' ').trim());
  };
  const until = async <T>(what: () => string, look: () => Promise<T | undefined>): Promise<T> => {
    const end = Date.now() + patience * 1000;
    for (let looks = 0; ; looks++) {
      const found = await look().catch((error: unknown) => {
        if (isBetweenPages.test(String(error))) return undefined;
        throw error;
      });
      if (found !== undefined) return found;
      if (Date.now() > end)
        throw new Error(
          `page: waited ${patience} s for ${what()}. It says: ${[await text('problem-list', '.list'), ...troubles].join('; ')}`,
        );
      await wait(pauses[looks] ?? 100);
    }
  };
  const find: PageDriver['find'] = (element, inside, label) =>
    until(
      () => `${element} ${inside} ${label ?? ''}`,
      async () => (await search(element, inside, label)) ?? undefined,
    );
  return {
    page,
    troubles,
    dialogs,
    text,
    find,
    layoutShift: () => page.evaluate(() => (globalThis as { layoutShift?: number }).layoutShift ?? 1),
    waitForText: async (element, inside, pattern) => {
      let seen = '';
      const look = async (): Promise<string | undefined> => {
        seen = await text(element, inside);
        return pattern.test(seen) ? seen : undefined;
      };
      return until(() => `${element} ${inside} to show ${pattern}, it shows "${seen}"`, look);
    },
    click: async (element, inside, label) => {
      await until(
        () => `${element} ${inside} ${label ?? ''} to be enabled and clicked`,
        async () => {
          const found = await search(element, inside, label);
          return (found !== null && (await clickOn(found))) || undefined;
        },
      );
    },
  };
}
