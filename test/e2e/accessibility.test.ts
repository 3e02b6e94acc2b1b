// The page for those who do not see it or hold no mouse: axe finds nothing in light and dark, and the keyboard suffices.
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { findViolations } from './axe.ts';
import { onProcessor, openPage, tinyQuery } from './page-driver.ts';

describeBrowser('accessibility', () => {
  let profile: BrowserContext;
  beforeAll(async () => {
    profile = await openProfile();
  });
  afterAll(() => profile.close());

  it.each([
    ['light', 1500],
    ['dark', 360],
  ] as const)('has nothing for axe to find in %s at %d pixels, every section open', async (scheme, width) => {
    const lab = await openPage(profile, `${tinyQuery}&nonsense=1`);
    await lab.page.setViewport({ width, height: 900 });
    await lab.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    await lab.page.evaluate(() => {
      for (const element of document.querySelector('lab-page')?.shadowRoot?.querySelectorAll('*') ?? []) {
        for (const details of element.shadowRoot?.querySelectorAll('details') ?? []) details.open = true;
      }
    });
    expect(await findViolations(lab.page)).toEqual([]);
    const isWide = await lab.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(isWide).toBe(false);
    await lab.page.close();
  });

  it('keeps the colours that were chosen', async () => {
    const lab = await openPage(profile);
    await lab.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    const ground = (): Promise<string> =>
      lab.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    const choice = (await lab.find('lab-header', 'select')) as ElementHandle<HTMLSelectElement>;
    await choice.select('dark');
    await expect.poll(ground).not.toBe(light);
    const dark = await ground();
    await lab.page.reload();
    await expect.poll(ground).toBe(dark);
    await ((await lab.find('lab-header', 'select')) as ElementHandle<HTMLSelectElement>).select('system');
    await expect.poll(ground).toBe(light);
    await lab.page.close();
  });

  it('can be trained, paused and stopped without a mouse', async () => {
    const lab = await openPage(profile, tinyQuery, undefined, onProcessor);
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    const focused = (): Promise<string> =>
      lab.page.evaluate(() => {
        let element = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        // A tab has the name of a button, too.
        return element?.tagName === 'A' ? '' : (element?.textContent?.trim() ?? '');
      });
    for (let presses = 0; presses < 20 && (await focused()) !== 'Train'; presses += 1) {
      await lab.page.keyboard.press('Tab');
    }
    expect(await focused()).toBe('Train');
    await lab.find('run-controls', 'button[aria-disabled=false]', 'Train');
    await lab.page.keyboard.press('Enter');
    await lab.waitForText('run-controls', '.status', /Training step/);
    expect(await focused()).toBe('Pause');
    await lab.page.keyboard.press('Enter');
    await lab.waitForText('run-controls', '.status', /Paused/);
    expect(await focused()).toBe('Resume');
    await lab.page.keyboard.press('Tab');
    expect(await focused()).toBe('Step');
    await lab.page.keyboard.press('Tab');
    expect(await focused()).toBe('Stop');
    await lab.page.keyboard.press('Enter');
    await lab.waitForText('run-controls', '.status', /Stopped/);
    expect(lab.troubles).toEqual([]);
    await lab.page.close();
  });
});
