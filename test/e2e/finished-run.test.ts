// What a finished run is good for: it answers, takes more steps, goes another way as a copy, and stays behind the next curve.
import type { BrowserContext } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { enter } from './clicks.ts';
import { openPage, type PageDriver, tinyQuery } from './page-driver.ts';

describeBrowser('a finished run', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  beforeAll(async () => {
    profile = await openProfile();
    const short = new URLSearchParams(tinyQuery);
    short.set('train.steps', '12');
    short.set('nonsense', '1');
    lab = await openPage(profile, short.toString());
  });
  afterAll(() => profile.close());

  const choose = async (label: RegExp, value: string): Promise<void> => {
    await (await lab.find('device-panel', 'select:enabled', label)).select(value);
  };

  it('begins with settings that a preset does not throw away unasked', async () => {
    await lab.waitForText('notice-strips', '.notices', /nonsense/);
    await lab.click('notice-strips', 'button', 'Close the notices');
    await expect.poll(() => lab.text('notice-strips', '.notices')).toBe('');
    const search = await lab.find('preset-picker', 'input[type=search]');
    await enter(search, 'experts');
    await lab.waitForText('preset-picker', '.cards', /Mixtral/);
    await expect.poll(() => lab.text('preset-picker', '.cards')).not.toMatch(/Pico/);
    await search.evaluate((input) => {
      (input as HTMLInputElement).value = '';
      input.dispatchEvent(new Event('input'));
    });
    await lab.click('preset-picker', 'label', /^Pico/);
    await lab.waitForText('preset-picker', '.replaced', /Your changed settings of .* were replaced/);
    await lab.click('preset-picker', '.replaced button', 'Undo');
    await lab.waitForText('preset-picker', '.difference', /layers 4→1/);
  });

  it('trains on another runtime by choice', async () => {
    await lab.waitForText('lab-header', '.badge', /swiftshader/);
    await choose(/GPU/, 'wasm');
    await lab.waitForText('lab-header', '.badge', /Your processor, \d+ threads? WebAssembly/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /^Finished.*step 12 of 12/);
    await lab.waitForText('throughput-gauge', '.split', /processor \d/);
  });

  it('refuses a text that the model cannot read where it was asked for', async () => {
    await enter(await lab.find('sampler-box', 'textarea'), 'Hello 🐱');
    await lab.click('sampler-box', 'button', 'Write');
    await lab.waitForText('sampler-box', '.refused', /🐱/);
    await expect.poll(() => lab.text('problem-list', '.problem')).toBe('');
  });

  it('takes more steps', async () => {
    await enter(await lab.find('run-controls', 'input.more'), '8');
    await lab.click('run-controls', 'button', 'Train on');
    await lab.waitForText('run-controls', '.status', /^Finished.*step 20 of 20/);
  });

  it('goes another way as a copy, with its former self behind the curve', async () => {
    await lab.click('run-controls', 'button', 'Fork');
    await lab.waitForText('run-controls', '.status', /^Finished.*step 40 of 40/); // as many steps again
    await lab.waitForText('run-controls', '.later', /on stories, fork$/);
    await lab.click('loss-chart', 'label', 'earlier runs');
    await lab.find('loss-plot', '[aria-label*="earlier runs"][aria-label*="1 layer of 32"]');
    await lab.click('room-tabs', 'a', 'Runs');
    await lab.waitForText('run-list', 'tbody', /on stories, fork.*Goes on from step 20 of/);
  });

  it('gives way to another runtime by choice, which is kept and trains, and to the GPU again', async () => {
    const address = new URL(lab.page.url());
    address.hash = '';
    address.searchParams.set('runtime', 'foo');
    await lab.page.goto(address.href);
    await lab.waitForText('notice-strips', '.notices', /runtime=foo: there are gpu, and wasm/);
    await lab.waitForText('lab-header', '.badge', /swiftshader/); // the default, whatever was kept
    await choose(/GPU/, 'wasm');
    await lab.waitForText('lab-header', '.badge', /Your processor, \d+ threads? WebAssembly/);
    await choose(/^\s*1/, '1');
    await lab.waitForText('lab-header', '.badge', /Your processor, 1 thread WebAssembly/);
    expect(lab.page.url()).not.toMatch(/runtime/);
    await lab.page.reload(); // the choice is kept
    await lab.waitForText('lab-header', '.badge', /Your processor, 1 thread WebAssembly/);
    await lab.waitForText('run-controls', '.status', /^Ready.* on your processor$/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /^Finished/);
    await lab.waitForText('throughput-gauge', '.split', /processor \d/);
    await lab.waitForText('device-panel', 'section', /Another choice saves and closes the open run/);
    await choose(/GPU/, 'gpu');
    await lab.waitForText('lab-header', '.badge', /swiftshader/);
    await lab.waitForText('run-controls', '.status', /^Ready/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /^Finished/);
    await lab.waitForText('throughput-gauge', '.split', /GPU \d/);
  });

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
