// What can go wrong where the processor computes, in real browsers: a thread that dies, a hidden tab, one core, memory that is
// refused, and no SIMD. Each has its sentence and the next best way.
import type { Browser } from 'puppeteer';
import { afterEach, expect, it } from 'vitest';
import { type BrowserOptions, canTakeOneCore, describeBrowser, launchBrowser } from '../browser.ts';
import { openPage, type PageDriver } from './page-driver.ts';

const settings = {
  v: '1',
  preset: 'nano',
  'model.layers': '1',
  'model.width': '8',
  'model.heads': '2',
  'model.context': '8',
  'train.batch': '2',
  'train.steps': '1000000',
  'train.evaluationInterval': '1000',
  'train.evaluationBatches': '1',
  'train.sampleInterval': '0',
  'data.source': 'arithmetic',
  'data.tokenizer': 'characters',
  'data.characters': '20000',
};

/** The step that the page shows. */
async function stepOf(lab: PageDriver): Promise<number> {
  const [, step = '0'] = /step ([\d,]+) of/.exec(await lab.text('run-controls', '.status')) ?? [];
  return Number(step.replaceAll(',', ''));
}

describeBrowser('the processor of a page', () => {
  let browser: Browser | undefined;
  const open = async (options: BrowserOptions, changes: Readonly<Record<string, string>> = {}) => {
    browser = await launchBrowser({ gpu: false, ...options });
    return openPage(browser, new URLSearchParams({ ...settings, ...changes }).toString());
  };
  afterEach(async () => {
    await browser?.close();
    browser = undefined;
  });

  it('goes on with fewer threads where one dies, from what was saved', async () => {
    const lab = await open({});
    await lab.waitForText('lab-header', '.badge', /Your processor, \d+ threads?/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-files', 'p[aria-live]', /Saved in this browser at step \d+/);
    const threads = lab.page.workers().filter((worker) => /wasm-entry/.test(worker.url()));
    await threads.at(-1)?.evaluate(() => {
      setTimeout(() => {
        throw new Error('struck dead');
      });
    });
    const said = await lab.waitForText('problem-list', '.problem', /A thread of your processor is gone/);
    expect(said).toMatch(/(thread \d+ of \d+|the only thread) is gone: .*struck dead/);
    const [, saved = Number.NaN] = /saved in this browser up to step (\d+)/.exec(said) ?? [];
    await lab.click('problem-list', 'button', 'Continue from the last save');
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(Number(saved));
    const left = Math.max(1, Math.floor(threads.length / 2));
    await lab.waitForText('lab-header', '.badge', new RegExp(`Your processor, ${left} thread`));
    expect(lab.troubles.filter((text) => !text.includes('struck dead'))).toEqual([]);
  });

  it('goes on in a hidden tab, whose timers the browser holds back', async () => {
    const lab = await open({
      // What would keep it awake.
      ignoreDefaultArgs: [
        '--disable-background-timer-throttling',
        '--disable-backgrounding-occluded-windows',
        '--disable-renderer-backgrounding',
      ],
    });
    await lab.click('run-controls', 'button', 'Train');
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(0);
    const other = await browser?.newPage();
    await other?.bringToFront();
    await expect.poll(() => lab.page.evaluate(() => document.visibilityState)).toBe('hidden');
    for (let changes = 0; changes < 2; changes++) {
      const title = await lab.page.title();
      await expect.poll(() => lab.page.title()).not.toBe(title);
    }
  });

  it.skipIf(!canTakeOneCore)('says that a device has one core, and trains on one thread', async () => {
    const lab = await open({ onOneCore: true });
    await lab.waitForText('lab-header', '.badge', /Your processor, 1 thread/);
    expect(await lab.text('device-panel')).toMatch(/One thread only: .* this device has one core/);
    await lab.click('run-controls', 'button', 'Train');
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(0);
    expect(lab.troubles).toEqual([]);
  });

  it('says how much memory the browser gives where it refuses, and what to do', async () => {
    // 8 MiB a memory, of which these sizes want more.
    const large = { 'model.width': '64', 'model.context': '128', 'train.batch': '64' };
    const lab = await open({ args: ['--js-flags=--wasm-max-mem-pages=128'] }, large);
    await lab.waitForText('run-controls', '.status', /^Ready/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText(
      'problem-list',
      '.problem',
      /The device ran out of memory .* gives no more than about \d+ at once .* alone takes \d+\./,
    );
    await lab.click('problem-list', 'button', 'Halve the batch');
    await lab.waitForText('problem-list', '.list', /^(?!.*ran out of memory)/);
    expect(lab.troubles).toEqual([]);
  });

  it('says that there is no SIMD, and computes by the reference loops', async () => {
    const lab = await open({ args: ['--js-flags=--no-enable-sse4-1'] });
    await lab.waitForText('lab-header', '.badge', /Your processor \(no GPU\)/);
    expect(await lab.text('device-panel')).toMatch(
      /WebAssembly does not serve here .*no WebAssembly with SIMD\. Update the browser/,
    );
    await lab.click('run-controls', 'button', 'Train');
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(0);
    expect(lab.troubles).toEqual([]);
  });
});
