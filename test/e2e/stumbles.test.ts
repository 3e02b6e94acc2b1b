// What one stumbles over in any room: things that move by themselves, drawings that cannot be saved, a tab out of sight.
import type { BrowserContext } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { onProcessor, openPage, tinyQuery } from './page-driver.ts';

/** Drawings on display, with what can be saved of each: what lies in a figure's panel has its buttons. */
function drawingsOf(): { name: string; saves: string[] }[] {
  const found: { name: string; saves: string[] }[] = [];
  const look = (root: Document | ShadowRoot, saves: string[]): void => {
    for (const one of root.querySelectorAll('*')) {
      const above = (start: Element | null, known: string[]): string[] => {
        for (let at = start; at; at = at.parentElement) {
          const tools = at.matches('figure-panel, loss-chart') ? (at.shadowRoot ?? undefined) : undefined;
          if (tools)
            return [...tools.querySelectorAll('button')].map((button) => button.textContent?.trim() ?? '');
        }
        return known;
      };
      const known = above(one, saves);
      const { width, height } = one.getBoundingClientRect();
      const isDrawing = one.matches('svg:not(svg svg), canvas') && width > 200 && height > 80;
      if (isDrawing && one.checkVisibility())
        found.push({ name: `${one.getAttribute('aria-label') ?? one.localName} ${width}`, saves: known });
      if (one.shadowRoot) look(one.shadowRoot, known);
    }
  };
  look(document, []);
  return found;
}

/** Whether the tab of the room on display can be seen whole. */
function isTabInView(): boolean {
  const tabs = document.querySelector('lab-page')?.shadowRoot?.querySelector('room-tabs')?.shadowRoot;
  const { left = -1, right = -1 } = tabs?.querySelector('[aria-current=page]')?.getBoundingClientRect() ?? {};
  return left >= 0 && right <= innerWidth;
}

/** Pixels by which the run's panel is wider than its place while a kernel with a long name is measured. */
async function excessOf(panel: Element): Promise<number> {
  const controls = (panel.getRootNode() as ShadowRoot).host as Element & {
    deviceJob: unknown;
    updateComplete: Promise<unknown>;
  };
  const before = controls.deviceJob;
  controls.deviceJob = { kind: 'running', what: `Measuring ${'attention-scores '.repeat(9)}`, share: 0.5 };
  await controls.updateComplete;
  const excess = panel.scrollWidth - panel.clientWidth;
  controls.deviceJob = before;
  await controls.updateComplete;
  return excess;
}

const rooms = [
  'train',
  'model',
  'costs',
  'laws',
  'runs',
  'kernels',
  'inside',
  'validation',
  'serving',
] as const;

describeBrowser('every room', () => {
  let profile: BrowserContext;
  beforeAll(async () => {
    profile = await openProfile(false);
  });
  afterAll(() => profile.close());

  it.each(rooms)('%s has its tab in view on a phone, and files of every drawing', async (room) => {
    const lab = await openPage(profile, `#${room}`, 380, onProcessor);
    await expect.poll(() => lab.page.evaluate(isTabInView)).toBe(true);
    await lab.page.setViewport({ width: 1500, height: 1000 });
    await expect.poll(async () => (await lab.page.evaluate(drawingsOf)).length).toBeGreaterThan(0);
    for (const { name, saves } of await lab.page.evaluate(drawingsOf))
      expect(saves, name).toEqual(expect.arrayContaining(['SVG', 'PNG']));
    await lab.page.close();
  });

  it.each([
    [1500, onProcessor],
    [1100, onProcessor],
    [768, onProcessor],
    [360, {}],
    [1366, {}],
  ])('stands still at %d pixels from load to training', async (width, kept) => {
    const lab = await openPage(profile, tinyQuery, width, { ...kept, 'flopscope-tour': 'offered' });
    await lab.page.emulateMediaFeatures([]); // the recording plays
    await lab.waitForText('lab-header', '.badge', /thread/);
    expect(await (await lab.find('run-controls', 'section')).evaluate(excessOf)).toBe(0);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step [1-9]/);
    expect(await lab.layoutShift()).toBeLessThan(0.1);
    await lab.page.close();
  });
});
