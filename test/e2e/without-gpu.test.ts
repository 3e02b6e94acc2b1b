// A browser that offers no GPU: an honest message, and WebAssembly trains on the threads of the processor.
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { openPage, type PageDriver } from './page-driver.ts';

const query = new URLSearchParams({
  v: '1',
  preset: 'nano',
  'model.layers': '1',
  'model.width': '8',
  'model.heads': '2',
  'model.context': '8',
  'train.batch': '2',
  'train.steps': '20',
  'train.evaluationInterval': '10',
  'train.evaluationBatches': '1',
  'train.sampleInterval': '0',
  'data.source': 'arithmetic',
  'data.tokenizer': 'characters',
  'data.characters': '20000',
}).toString();

/** Everything on display, and the threads are measured before a run, as at a first visit. */
const measuring = { 'flopscope-level': 'everything', 'flopscope-tour': 'offered' };

describeBrowser('the page without a GPU', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  beforeAll(async () => {
    profile = await openProfile(false);
    lab = await openPage(profile, query, 1500, measuring);
  });
  afterAll(() => profile.close());

  it('says why, and what it does instead', async () => {
    await lab.waitForText('problem-list', '.problem', /offers no GPU|has no WebGPU/);
    // In the panel first: the message, once it is open, lies over it.
    for (const place of ['device-panel', 'problem-list']) {
      await lab.click(place, 'summary', /^Browsers with WebGPU/);
      await lab.waitForText(
        place,
        '.webgpu-browsers[open]',
        /Linux.*Firefox ?141.*Safari.*Without it: update/,
      );
    }
    await lab.click('problem-list', 'summary', /^Browsers with WebGPU/);
    await lab.waitForText('lab-header', '.badge', /Your processor, \d+ threads?/);
    expect(await lab.text('device-panel')).toMatch(/Your processor does the work, in WebAssembly/);
    expect(await lab.text('device-panel')).not.toMatch(/Self-test|One thread only/);
    expect(await lab.text('device-panel')).toMatch(/Calibration Not measured yet\. Calibrate/);
    await lab.waitForText('run-controls', '.status', /^Ready a run takes about \d.* on your processor$/);
  });

  it('trains on the processor, to the end', async () => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Finished step 20 of 20/);
    expect(Number(await lab.text('run-readouts', '#loss'))).toBeLessThan(4.2);
    expect(await lab.text('throughput-gauge', '.split')).toMatch(/processor \d/);
    expect(await lab.text('throughput-gauge', '.split')).not.toMatch(/GPU/);
    // What a step was expected to take stands beside it: the threads were measured in a second or two.
    expect(await lab.text('throughput-gauge', '.split')).toMatch(/of \d.* predicted/);
    expect(await lab.text('throughput-gauge')).toMatch(/, quickly/);
    await lab.click('answers-box', 'button', 'Ask questions');
    await lab.waitForText(
      'answers-box',
      '[role=status]',
      /\d+ of 40 right at step 20 .* validation loss of \d\.\d+ at step 20\).* stand in the training text/,
    );
    await lab.find('answers-box', 'button', 'Ask again');
    await lab.page.reload();
    await lab.waitForText(
      'notice-strips',
      '[aria-label="Saved run"]',
      /Open the model that you trained\?.*step 20 of 20/,
    );
    await lab.click('notice-strips', 'button', 'Open');
    await lab.waitForText('run-controls', '.status', /^Paused step 20 of 20/);
    await lab.click('sampler-box', 'button', 'Write');
    await lab.waitForText('sampler-box', 'form', /200 tokens: prefill .* decode/);
    expect(await lab.text('sampler-box', 'output')).toMatch(/^37\+48=/);
    expect(lab.troubles).toEqual([]);
  });

  it('drafts for the open run with what its text repeats, and with a run that was trained before', async () => {
    await lab.page.reload();
    await lab.waitForText('run-controls', '.status', /^Ready/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Finished step 20 of 20/);
    await lab.click('room-tabs', 'a', 'Serving');
    await lab.click('draft-panel', 'button', 'Draft');
    await lab.waitForText('draft-panel', 'table', /Speed-up.*Tokens a check/s);
    expect(await lab.text('draft-panel', 'section')).toMatch(/Predicted from the plans of both/);
    const select = (await lab.find('draft-panel', 'select')) as ElementHandle<HTMLSelectElement>;
    const runs = await select.evaluate(({ options }) => [...options].map(({ value }) => value));
    expect(runs).toHaveLength(2);
    await select.select(runs[1] ?? '');
    await lab.click('draft-panel', 'button', 'Draft');
    await lab.waitForText('draft-panel', 'section', /times as fast with drafts/);
    expect(lab.troubles).toEqual([]);
  });

  it('starts with a model that it trains in a minute, and warns of one that takes hours', async () => {
    const fresh = await openPage(profile);
    await fresh.waitForText('preset-picker', 'label:has(:checked) strong', /^Pico$/);
    await fresh.waitForText('run-controls', '.status', /^Ready a run takes about .* on your processor$/);
    await fresh.waitForText('notice-strips', '.recorded', /Press Train to see Pico on this machine/);
    await expect.poll(() => fresh.text('run-controls', '.suggestion')).toBe('');
    const controls = await fresh.find('run-controls', 'section');
    const height = () => controls.evaluate((panel) => panel.getBoundingClientRect().height);
    const before = await height();
    await fresh.click('preset-picker', 'label', /^nanoGPT, GPU/);
    await fresh.waitForText('run-controls', '.suggestion', /That is long\. Pico takes about a minute/);
    expect(Math.abs((await height()) - before)).toBeLessThan(1); // nothing below was moved
    await fresh.click('run-controls', 'button', 'Choose Pico');
    await fresh.waitForText('preset-picker', 'label:has(:checked) strong', /^Pico$/);
    expect(fresh.troubles).toEqual([]);
    await fresh.page.close();
  });
});
