// A browser that offers no GPU: an honest message, and the reference loops train a very small model.
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, launchBrowser } from '../browser.ts';
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
  'data.characters': '20000',
}).toString();

describeBrowser('the page without a GPU', () => {
  let browser: Browser;
  let lab: PageDriver;
  beforeAll(async () => {
    browser = await launchBrowser({ gpu: false });
    lab = await openPage(browser, query);
  });
  afterAll(() => browser.close());

  it('says why, and what it does instead', async () => {
    await lab.waitForText('problem-list', '.problem', /offers no GPU|has no WebGPU/);
    await lab.waitForText('lab-header', '.badge', /Processor only/);
    expect(await lab.text('device-panel')).toMatch(/reference loops run on the processor/);
  });

  it('trains a very small model on the processor, to the end', async () => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Finished step 20 of 20/);
    expect(Number(await lab.text('run-readouts', '#loss'))).toBeLessThan(4.2);
    expect(lab.troubles).toEqual([]);
  });
});
