// The page at an http address that is not this machine: the browser hides the GPU and the storage, and the page says so.
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, launchBrowser, pageAddress } from '../browser.ts';
import { attach, type PageDriver } from './page-driver.ts';

describeBrowser('the page at an insecure origin', () => {
  let browser: Browser;
  let lab: PageDriver;
  beforeAll(async () => {
    browser = await launchBrowser({ args: ['--host-resolver-rules=MAP teacher-laptop.test localhost'] });
    const page = await browser.newPage();
    lab = await attach(page);
    await page.goto(pageAddress().replace(/localhost|127.0.0.1/, 'teacher-laptop.test'));
  });
  afterAll(() => browser.close());

  it('names the cause, and trains without a GPU', async () => {
    await lab.waitForText('problem-list', '.problem', /This address is not secure.*https.*localhost/);
    await lab.waitForText('lab-header', '.badge', /Your processor, 1 thread/);
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    expect(await lab.text('device-panel')).toMatch(/One thread only: .*npm start/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /^Training step \d/);
    // Chromium remarks that it ignores these headers here, which does no harm.
    expect(lab.troubles.filter((text) => !/Cross-Origin-(Opener|Embedder)-Policy/.test(text))).toEqual([]);
  });
});
