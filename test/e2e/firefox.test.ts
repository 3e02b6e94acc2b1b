// Firefox, whose WebGPU is wgpu and whose queue looks for finished work every 100 ms: checks, trains, samples, downloads; and its WASM threads.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeFirefox, launchFirefox } from '../browser.ts';
import { createFolder } from '../folders.ts';
import { enter } from './clicks.ts';
import { openPage, type PageDriver } from './page-driver.ts';

/** One layer, one sample a step of as many tokens as the shortest prompt, a hidden layer of the width: few shapes to compile. */
const query = new URLSearchParams({
  v: '1',
  preset: 'nano',
  'model.layers': '1',
  'model.width': '32',
  'model.heads': '2',
  'model.hidden': '32',
  'model.context': '16',
  'train.batch': '1',
  'train.steps': '100000',
  'train.evaluationInterval': '4',
  'train.evaluationBatches': '1',
  'train.sampleInterval': '0',
  'data.tokenizer': 'characters',
  'data.characters': '20000',
}).toString();

describeFirefox('the page in Firefox', () => {
  let browser: Browser;
  let lab: PageDriver;
  let hasGpu = false;
  const folder = createFolder();

  beforeAll(async () => {
    browser = await launchFirefox(folder);
    lab = await openPage(browser, query);
    hasGpu = await lab.page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
  });
  beforeEach(({ skip }) => skip(!hasGpu && !process.env.CI, 'this Firefox gives no GPU here'));
  afterAll(async () => {
    await browser?.close();
  });

  const stepOf = async (): Promise<number> => {
    const [, step = '0'] = /step ([\d,]+) of/.exec(await lab.text('run-controls', '.status')) ?? [];
    return Number(step.replaceAll(',', ''));
  };

  it('finds a GPU', async () => {
    await lab.waitForText('lab-header', '.badge', /not checked yet/);
    expect(await lab.text('lab-header', '.badge')).not.toMatch(/no GPU/);
  });

  it('finds its kernels right, and trains', async () => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step/);
    expect(await lab.text('lab-header', '.badge')).toMatch(/\d+ kernels agree/);
    await expect.poll(stepOf).toBeGreaterThan(5);
    const loss = Number(await lab.text('run-readouts', '#loss'));
    expect(loss).toBeLessThan(5); // ln 65 = 4.2 before the first step
    await lab.waitForText('loss-chart', '.legend', /validation \d\.\d+/);
  });

  it('writes text', async () => {
    const tokens = await lab.find('sampler-box', '.numbers input');
    await enter(tokens, '24');
    await lab.click('sampler-box', 'button', 'Write');
    await lab.waitForText('sampler-box', 'form', /24 tokens: prefill .* decode/);
  });

  it('gives the model as a file', async () => {
    await lab.click('run-controls', 'button', 'Pause');
    await lab.waitForText('run-controls', '.status', /^Paused/);
    await lab.click('run-files', 'button', 'Download the model');
    // An empty file of that name is there before the one that fills it: it is saved when it can be read.
    const names = (): string[] => {
      const file = readdirSync(folder).find((name) => name.endsWith('.zip')) ?? '';
      try {
        return Object.keys(unzipSync(readFileSync(join(folder, file))));
      } catch {
        return [];
      }
    };
    await expect.poll(names).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']));
  });

  it('trains on the threads of the processor', async () => {
    const wasm = await openPage(browser, `${query}&runtime=wasm`);
    await wasm.waitForText('lab-header', '.badge', /Your processor, \d+ threads?/);
    await wasm.click('run-controls', 'button', 'Train');
    await wasm.waitForText('loss-chart', '.legend', /validation \d\.\d+/);
    await wasm.waitForText('throughput-gauge', '.split', /processor \d/);
    await wasm.click('run-controls', 'button', 'Pause');
    await wasm.waitForText('run-controls', '.status', /^Paused/);
    expect(wasm.troubles).toEqual([]);
    await wasm.page.close();
  });

  it('raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
