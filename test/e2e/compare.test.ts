// The room of comparisons, and the size of a preset: two families are sized, trained for a few steps and overlaid.
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { findViolations } from './axe.ts';
import { onProcessor, openPage, type PageDriver } from './page-driver.ts';

describeBrowser('sizes and comparisons', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  beforeAll(async () => {
    profile = await openProfile();
    lab = await openPage(profile, 'v=1&preset=nano', undefined, onProcessor);
  });
  afterAll(() => profile.close());

  it('sizes the model of a preset, and says what changed', async () => {
    await lab.find('preset-picker', 'input:checked');
    const size = (await lab.find('preset-picker', 'select')) as ElementHandle<HTMLSelectElement>;
    // The frame of the chosen preset is not the size's, though an option of it is chosen too.
    const ground = await size.evaluate(
      (select) => getComputedStyle(select.parentElement ?? select).backgroundColor,
    );
    expect(ground).toBe('rgba(0, 0, 0, 0)');
    await size.select('2 ×');
    await lab.waitForText('preset-picker', '.difference', /layers 4→5.*width 96→120.*heads 3→4/);
    // It is in view with the presets: they scroll, under headings of their own.
    const cards = await lab.find('preset-picker', '.cards');
    const changed = await lab.find('preset-picker', '.difference');
    const bottom = await changed.evaluate((said) => said.getBoundingClientRect().bottom);
    expect(bottom).toBeLessThanOrEqual(await cards.evaluate((list) => list.getBoundingClientRect().top));
    expect(await cards.evaluate((list) => list.querySelectorAll('h3').length)).toBeGreaterThan(2);
    await lab.click('preset-picker', 'label', /^Pico/);
    await lab.waitForText('preset-picker', '.replaced', /changed settings of Nano were replaced/);
    await lab.click('preset-picker', 'button', 'Undo');
    await lab.waitForText('preset-picker', '.difference', /layers 4→5.*width 96→120.*heads 3→4/);
    await lab.click('preset-picker', 'button', 'Reset');
    await lab.waitForText('preset-picker', '.difference', /were replaced/);
    expect(await size.evaluate((select) => select.selectedIndex)).toBe(2);
  });

  it('matches what is chosen to the first, and refuses a single one', async () => {
    await lab.click('room-tabs', 'a', 'Compare');
    const steps = (await lab.find('room-compare', 'input[type=number]')) as ElementHandle<HTMLInputElement>;
    await steps.evaluate((input) => {
      input.value = '2';
      input.dispatchEvent(new Event('change'));
    });
    const choose = (title: RegExp) => lab.click('room-compare', 'fieldset label', title);
    await choose(/^Pico/);
    const run = (await lab.find('room-compare', 'button', 'Run')) as ElementHandle<HTMLButtonElement>;
    expect(await run.evaluate(({ disabled }) => disabled)).toBe(true);
    await choose(/^Llama 3/);
    const table = await lab.waitForText('figure-panel', 'tbody', /Llama 3.*hidden 336 → \d+/);
    expect(lab.page.url()).toMatch(/#compare\/pico\+llama3-mini\/2\/1$/);
    expect(table).toMatch(/^Pico.*nothing: the others are sized to it/);
  });

  it('trains both in turn, overlays their losses and keeps their runs', async () => {
    await lab.click('room-compare', 'button', 'Run');
    const said = await lab.waitForText('room-compare', '[aria-live]', /All models have been trained/);
    expect(said).toMatch(/kept/);
    await lab.waitForText(
      'room-compare',
      '.answer',
      /learned most from .*FLOP of training each: .*One seed a model/,
    );
    const differences = await lab.waitForText('compare-panel', 'ol', /2\. Llama 3/);
    expect(differences).toMatch(/1\. Pico.*activation geluTanh→silu/);
    await lab.click('room-tabs', 'a', 'Runs');
    await lab.waitForText(
      'run-list',
      'tbody',
      /Llama 3, a miniature.*finished 2 of 2.*Pico.*finished 2 of 2/,
    );
    expect(lab.troubles).toEqual([]);
  });

  it('can be cancelled, and keeps what was trained until then', async () => {
    await lab.click('room-tabs', 'a', 'Compare');
    const steps = (await lab.find('room-compare', 'input[type=number]')) as ElementHandle<HTMLInputElement>;
    await steps.evaluate((input) => {
      input.value = '5000';
      input.dispatchEvent(new Event('change'));
    });
    await lab.waitForText('figure-panel', 'tbody', /Llama 3/);
    await lab.click('room-compare', 'button', 'Run');
    await lab.waitForText('room-compare', '[aria-live]', /step [1-9]/);
    await lab.find('svg-plot', 'path.line'); // while it trains
    await lab.click('room-compare', 'button', 'Cancel');
    await lab.waitForText('room-compare', '[aria-live]', /Ended before all models were trained/);
  });

  it.each([
    ['light', 1500],
    ['dark', 360],
  ] as const)('has nothing for axe to find in %s at %d pixels', async (scheme, width) => {
    await lab.page.setViewport({ width, height: 900 });
    await lab.page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' }, // colours change at once
    ]);
    expect(await findViolations(lab.page)).toEqual([]);
    const isWide = await lab.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(isWide).toBe(false);
  });
});
