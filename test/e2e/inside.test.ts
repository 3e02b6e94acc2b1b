// The room “Inside” as a person uses it: a run with experts while it trains, and a dense one that is paused.
import { readFileSync } from 'node:fs';
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunRecord } from '../../src/contract/records.ts';
import { formatCount } from '../../src/text/numbers.ts';
import { describeBrowser, openProfile } from '../browser.ts';
import { findViolations } from './axe.ts';
import { onProcessor, openPage, type PageDriver, tinyQuery } from './page-driver.ts';

const settings = { layers: 2, experts: 4, expertsPerToken: 2, hidden: 32 };
const withExperts = new URLSearchParams({
  ...Object.fromEntries(new URLSearchParams(tinyQuery)),
  ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`model.${name}`, String(value)])),
}).toString();
const sentence = 'Once upon a time';

/** The table that a figure shows once its box is ticked, as this does, cells apart by `|`. */
async function tableOf(lab: PageDriver, host: string): Promise<string> {
  return lab.page.evaluate((name) => {
    const room = document.querySelector('lab-page')?.shadowRoot?.querySelector('room-inside');
    const figure = room?.shadowRoot?.querySelector(name)?.shadowRoot?.querySelector('figure-panel');
    const tree = figure?.shadowRoot;
    const box = tree?.querySelector<HTMLInputElement>('.tools input');
    if (box?.checked === false) box.click();
    const cells = [...(tree?.querySelectorAll('th, td') ?? [])];
    return cells.map(({ textContent }) => (textContent ?? '').trim()).join('|');
  }, host);
}

describeBrowser('the room Inside', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  beforeAll(async () => {
    profile = await openProfile();
    lab = await openPage(profile, withExperts, 400, onProcessor);
  });
  afterAll(() => profile.close());

  /** Puppeteer focuses HTML elements only. */
  const focus = async (element: string): Promise<void> =>
    (await lab.find(element, 'svg')).evaluate((drawing) => (drawing as SVGSVGElement).focus());

  /** Asks for the maps of a layer, from 0. */
  const chooseLayer = async (layer: number): Promise<void> => {
    const list = (await lab.find('inside-attention', 'select')) as ElementHandle<HTMLSelectElement>;
    await list.evaluate((select, index) => {
      select.selectedIndex = index;
      select.dispatchEvent(new Event('change'));
    }, layer);
  };

  const type = async (text: string): Promise<void> => {
    const input = (await lab.find('room-inside', 'textarea')) as ElementHandle<HTMLTextAreaElement>;
    await input.evaluate((area, value) => {
      area.value = value;
    }, text);
  };

  it('computes nothing before there is a run, says so, and shows the recorded one', async () => {
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    await lab.click('room-tabs', 'a', 'Inside');
    await lab.waitForText('room-inside', 'section', /There is no run to look into/);
    const button = await lab.find('room-inside', 'button.primary', 'Read the text');
    expect(await button.evaluate((found) => (found as HTMLButtonElement).disabled)).toBe(true);
    await lab.waitForText(
      'room-inside',
      '.recorded',
      /^Recorded, not of this device: Nano on stories on a software GPU/,
    );
    const { totalSteps } = JSON.parse(readFileSync('public/recorded-run.json', 'utf8')) as RunRecord;
    const at = `at step ${totalSteps}`;
    await lab.waitForText('inside-attention', '[slot=note]', new RegExp(`Layer 1, head 1, ${at}`));
    await lab.waitForText(
      'inside-positions',
      '[slot=note]',
      new RegExp(`at step ${formatCount(totalSteps)}`),
    );
    await chooseLayer(3);
    await lab.waitForText('inside-attention', '[slot=note]', new RegExp(`Layer 4, head 1, ${at}`));
  });

  it('keeps the tab of the room in view when a phone is turned', async () => {
    const isInView = () =>
      lab.page.evaluate(() => {
        const tabs = document.querySelector('lab-page')?.shadowRoot?.querySelector('room-tabs')?.shadowRoot;
        const { left = -1, right = -1 } =
          tabs?.querySelector('[aria-current=page]')?.getBoundingClientRect() ?? {};
        return left >= 0 && right <= innerWidth;
      });
    for (const width of [800, 330, 400]) {
      await lab.page.setViewport({ width, height: 1000 });
      await expect.poll(isInView).toBe(true);
    }
  });

  it('reads a text while the run trains: attention by the keyboard, losses, experts', async () => {
    await lab.click('room-tabs', 'a', 'Train');
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step [1-9]/);
    await lab.page.setViewport({ width: 1500, height: 1000 });
    await lab.click('room-tabs', 'a', 'Inside');
    await type(sentence);
    await lab.click('room-inside', 'button', 'Read the text');
    await lab.waitForText(
      'inside-attention',
      '[slot=note]',
      /Layer 1, head 1, at step \d+: in the mean [\d.]+ tokens back/,
    );
    await focus('inside-heat');
    await lab.page.keyboard.press('ArrowRight');
    await lab.waitForText('inside-heat', 'output', /“O” \(1\) looks at “O” \(1\) with 100 %/);
    await expect.poll(() => tableOf(lab, 'inside-attention')).toMatch(/“e” \(16\)\|“.” \(\d+\)\|[\d.]+\s?%/);
    await expect.poll(() => tableOf(lab, 'inside-tokens')).toMatch(/“n” \(2\)\|\d\.\d+/);
    await lab.waitForText('inside-routes', '[slot=note]', /every token takes 2 of 4/);
    await expect.poll(() => tableOf(lab, 'inside-routes')).toMatch(/“O” \(1\)/);
  });

  it('shows another head at once, and another layer when it is asked for', async () => {
    await lab.click('inside-attention', '.heads button', /^Head 2/);
    await lab.waitForText('inside-attention', '[slot=note]', /Layer 1, head 2/);
    await chooseLayer(1);
    await lab.waitForText('inside-attention', '[slot=note]', /Layer 2, head 2/);
  });

  it('follows the routers as long as it is looked at', async () => {
    await lab.waitForText('inside-routers', '[slot=note]', /A router counts as collapsed if/);
    const steps = async (): Promise<number> => {
      const told = await lab.text('inside-routers', '[slot=note]');
      return Number(/up to step (\d+)/.exec(told)?.[1]);
    };
    const first = await steps();
    expect(first).toBeGreaterThan(0);
    await expect.poll(steps).toBeGreaterThan(first);
    await expect.poll(() => tableOf(lab, 'inside-routers')).toMatch(/layer 2, steps 1 to \d+/);
  });

  it('measures the loss by position, and counts what experts take', async () => {
    await lab.click('room-inside', 'button', 'Loss by position');
    await lab.waitForText('inside-positions', '[slot=note]', /4 windows of held-out text/);
    await expect.poll(() => tableOf(lab, 'inside-positions')).toMatch(/\|32\|\d\.\d{4}/);
    await lab.click('room-inside', 'button', 'What experts take');
    await lab.waitForText(
      'inside-routes',
      'figure-panel:last-of-type [slot=note]',
      /Counted over 2,048 tokens/,
    );
  });

  it.each([
    ['light', 1500],
    ['dark', 360],
  ] as const)('has nothing for axe to find in %s at %d pixels', async (scheme, width) => {
    await lab.click('room-tabs', 'a', 'Train');
    if (scheme === 'light') await lab.click('run-controls', 'button', 'Pause');
    await lab.click('room-tabs', 'a', 'Inside');
    await lab.page.setViewport({ width, height: 900 });
    await lab.page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    expect(await findViolations(lab.page)).toEqual([]);
    expect(await lab.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
    const folder = process.env.FLOPSCOPE_SCREENSHOTS;
    if (folder !== undefined) {
      await lab.page.screenshot({ path: `${folder}/inside-${scheme}-${width}.png`, fullPage: true });
    }
  });

  it('refuses a text outside the alphabet with its place, until one is read', async () => {
    await type('☃');
    await lab.click('room-inside', 'button', 'Read the text');
    await lab.waitForText('problem-list', '.list', /☃/);
    await type(sentence);
    await lab.click('room-inside', 'button', 'Read the text');
    await lab.waitForText('problem-list', '.list', /^$/); // nobody closed it
  });

  it('reads held-out text of a dense run that waits, and speaks of no experts', async () => {
    const dense = await openPage(profile, tinyQuery, undefined, onProcessor);
    await dense.waitForText('prediction-panel', '.figure', /k$/);
    await dense.click('room-tabs', 'a', 'Kernels');
    await dense.click('room-kernels', 'button', 'Show the plan');
    await dense.waitForText('room-kernels', 'section', /\d+ dispatches/);
    await dense.click('room-tabs', 'a', 'Inside');
    await dense.click('room-inside', 'button', 'Read the text');
    await dense.waitForText('room-inside', '.says', /32 tokens, read at step 0/);
    await dense.waitForText('inside-tokens', '[slot=note]', /Mean \d\.\d{4} nats over 31 tokens/);
    await expect.poll(() => dense.text('inside-routers', '[slot=note]')).toBe('');
    expect(await dense.text('room-inside', 'form')).not.toMatch(/experts/);
    expect(dense.troubles).toEqual([]);
    await dense.page.close();
  });

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
