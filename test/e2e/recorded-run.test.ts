// The first paint: a recorded run that replays before anything runs here.
import type { BrowserContext } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile, pageAddress } from '../browser.ts';
import { findViolations } from './axe.ts';
import { attach, openPage } from './page-driver.ts';

describeBrowser('the recorded run', () => {
  let profile: BrowserContext;
  beforeAll(async () => {
    profile = await openProfile();
  });
  afterAll(() => profile.close());

  it('replays at once, says that it is a recording, and starts nothing', async () => {
    const lab = await openPage(profile);
    await lab.page.emulateMediaFeatures([]); // who has nothing against motion
    expect(
      await lab.waitForText(
        'notice-strips',
        '.recorded',
        /^Recorded .* Press Train to see Pico on this machine/,
      ),
    );
    await lab.waitForText('run-readouts', '#loss', /^\d\.\d{4}$/);
    await lab.waitForText('run-controls', '.status', /^Ready/);
    // It lasts nine seconds, which a busy machine may take to look twice: the page itself notes what it shows.
    const legend = await lab.find('loss-chart', '.legend');
    const places = await legend.evaluateHandle((shown) => {
      const seen = new Set<string>();
      const look = (): void => void seen.add(shown.querySelector('.place')?.textContent?.trim() ?? '');
      new MutationObserver(look).observe(shown, { childList: true, characterData: true, subtree: true });
      return seen;
    });
    await lab.click('notice-strips', '.recorded button', 'Replay');
    await expect.poll(() => places.evaluate((seen) => seen.size)).toBeGreaterThan(3);
    // On a laptop the name, the tour, the device and the choices share a line, and so do those of the curve.
    await lab.page.setViewport({ width: 1366, height: 640 });
    const heightOf = async (element: string, inside: string): Promise<number> =>
      (await lab.find(element, inside)).evaluate((part) => part.getBoundingClientRect().height);
    expect(await heightOf('lab-header', '.brand p')).toBeLessThan(26);
    expect(await heightOf('loss-chart', '.head')).toBeLessThan(40);
    // The curve begins on that screen, and the settings on the next one, beside what they change.
    const topOf = async (element: string, inside: string): Promise<number> =>
      (await lab.find(element, inside)).evaluate((part) => part.getBoundingClientRect().top + scrollY);
    expect(await topOf('loss-chart', 'loss-plot')).toBeLessThan(480);
    expect(await topOf('experiment-form', 'form-field')).toBeLessThan(1100);
    expect(lab.troubles).toEqual([]);
    await lab.page.close();
  });

  it('shows its end at once to who prefers less motion', async () => {
    const visitor = await openProfile();
    const lab = await attach(await visitor.newPage(), 1500, {}); // a first visit, which keeps no choice of another
    await lab.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    await lab.page.goto(pageAddress());
    const response = await fetch(new URL('recorded-run.json', pageAddress()));
    const { totalSteps } = (await response.json()) as { totalSteps: number };
    await lab.waitForText('loss-chart', '.place', new RegExp(`Step ${totalSteps}$`));
    // The essentials come first, without what a first visit does without; one press brings everything, and is kept.
    expect(await lab.text('room-tabs', 'ul')).not.toMatch(/Kernels|Validation/);
    const isShown = () =>
      lab.find('kernel-table', 'section').then((table) => table.evaluate((shown) => shown.checkVisibility()));
    expect(await isShown()).toBe(false);
    expect(await findViolations(lab.page)).toEqual([]);
    // The tour is offered once. It goes by the keyboard, presses nothing, and gives the keyboard back to its button.
    await lab.click('lab-header', '.tour', 'Take the tour');
    await lab.waitForText('page-tour', '#title', /One press/);
    expect(await findViolations(lab.page)).toEqual([]);
    for (const title of [/Settings/, /loss curve/, /It writes/, /Predicted beside measured/, /Rooms/]) {
      await lab.page.keyboard.press('ArrowRight');
      await lab.waitForText('page-tour', '#title', title);
    }
    await lab.page.keyboard.press('Escape');
    await lab.page.waitForSelector('>>> page-tour', { hidden: true });
    await lab.page.waitForSelector('>>> [data-toured]', { hidden: true });
    const help = await lab.find('lab-header', 'button', 'Help: tour of the page');
    expect(await help.evaluate((button) => button.matches(':focus'))).toBe(true);
    expect(await lab.text('run-controls', '.status')).toMatch(/^Ready/);
    expect(lab.troubles).toEqual([]);
    await lab.click('lab-header', '.level button', 'Everything');
    await lab.waitForText('room-tabs', 'ul', /Kernels.*Validation/);
    await expect.poll(isShown).toBe(true);
    expect(await lab.page.evaluate(() => localStorage.getItem('flopscope-level'))).toBe('everything');
    // A word on display explains itself with the number beside it, and the keyboard comes back to it.
    await lab.click('run-readouts', 'glossary-term', 'Training loss');
    const said = await lab.page.waitForSelector('>>> [popover]:popover-open .said');
    expect(await said?.evaluate(({ textContent }) => textContent)).toMatch(/probability of .*%/);
    await lab.page.keyboard.press('Escape');
    await lab.page.waitForSelector('>>> [popover]:popover-open', { hidden: true });
    await lab.page.keyboard.press('Enter');
    await lab.page.waitForSelector('>>> [popover]:popover-open .said');
    await lab.page.keyboard.press('Escape');
    await lab.page.waitForSelector('>>> [popover]:popover-open', { hidden: true });
    // Of two of its samples the reader says which came later; the steps are told with the answer.
    await lab.click('sample-list', 'button', /^Which came later/);
    expect(await lab.text('sample-list', 'section')).not.toMatch(/step \d/);
    await lab.click('sample-quiz', 'button', 'A came later');
    await lab.waitForText('sample-quiz', '[role=status]', /(Right|No): [AB] came later\. [01] of 1 right/);
    await lab.waitForText('sample-quiz', '.later', /step \d/);
    await lab.click('sample-quiz', 'button', 'Another pair');
    await lab.find('sample-quiz', 'button', 'B came later');
    await lab.click('sample-quiz', 'button', 'Show all samples');
    await lab.waitForText('sample-list', '.beside', /step 0/);
    // Nobody chose what computes: before the first run a software GPU is compared with the processor, and the quicker taken.
    await lab.click('sample-list', 'button', /^Which came later/); // of a run that is over when another begins
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText(
      'device-panel',
      'section',
      /training step \(\d.*% of its work\): it takes about \d.* on the software GPU and \d.* on your processor \(\d.* computes/s,
    );
    await lab.waitForText('run-controls', '.status', /step \d/);
    await lab.waitForText('sample-list', '.beside', /step 0.*step [1-9]/);
    expect(lab.troubles).toEqual([]);
    await visitor.close();
  });
});
