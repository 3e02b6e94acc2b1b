// Tokenizers in the page: a published one writes on from a text, a hostile one does not hold the page, and one is learned.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshWeights } from '../../src/lab/plans/open-model.ts';
import { writeModelFiles } from '../../src/lab/training/model-files.ts';
import { describeBrowser, launchBrowser } from '../browser.ts';
import { type PublishedBpe, tinyGguf, tokenizerKeys } from '../data/gguf/tiny-gguf.ts';
import { readTokenFixture } from '../data/tokenizers/fixtures.ts';
import { createFolder } from '../folders.ts';
import { tinyExperiment } from '../lab/training/tiny-runs.ts';
import { openPage, type PageDriver } from './page-driver.ts';

describeBrowser('the page with tokens of more than a character', () => {
  const folder = createFolder();
  let browser: Browser;
  let lab: PageDriver;
  const open = async (tokenizer: unknown): Promise<void> => {
    const { model } = tinyExperiment({ model: { vocabulary: 340 } });
    const files = writeModelFiles(model, freshWeights(model, 1), undefined);
    for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    const input = await lab.find('run-files', 'input[type=file]');
    const paths = [...files.map(({ name }) => name), 'tokenizer.json'].map((name) => join(folder, name));
    await (input as ElementHandle<HTMLInputElement>).uploadFile(...paths);
  };

  beforeAll(async () => {
    browser = await launchBrowser({ gpu: false });
    lab = await openPage(browser);
  });
  afterAll(async () => {
    await browser.close();
  });

  it('writes on from a text with a model that was published', async () => {
    await open(readTokenFixture('gpt2'));
    await lab.waitForText('run-controls', '.status', /^Paused step 0 of/);
    const prompt = await lab.find('sampler-box', 'textarea');
    await prompt.type('Lily found');
    await lab.click('sampler-box', 'button', 'Write');
    await lab.waitForText('sampler-box', 'form', /200 tokens: prefill .* decode/);
    expect(await lab.text('sampler-box', 'output')).toMatch(/Lily found./);
    expect(await lab.text('sampler-box', 'output .token1')).not.toBe('');
  });

  it('opens a GGUF file with the tokenizer in it, and says that its numbers were quantised', async () => {
    const file = join(folder, 'tiny.gguf');
    const metadata = tokenizerKeys(readTokenFixture('gpt2') as PublishedBpe, { pre: 'gpt-2' });
    writeFileSync(file, tinyGguf({ type: 'Q8_0', vocabulary: 340, metadata }));
    const input = await lab.find('run-files', 'input[type=file]');
    await (input as ElementHandle<HTMLInputElement>).uploadFile(file);
    await lab.waitForText('notice-strips', '.notices', /tensors are quantised \(8 in Q8_0\)/);
    const prompt = await lab.find('sampler-box', 'textarea');
    await prompt.type(' a red ball');
    await lab.click('sampler-box', 'button', 'Write');
    await lab.waitForText('sampler-box', 'output', /a red ball./);
  });

  it('refuses a tokenizer whose pattern does not end, and lives on', async () => {
    const published = readTokenFixture('gpt2') as Record<string, unknown>;
    const split = { type: 'Split', pattern: { Regex: '([a-z ]+)+$' }, behavior: 'Isolated' };
    await open({ ...published, pre_tokenizer: split });
    await lab.waitForText(
      'problem-list',
      '.problem',
      /took longer than .* one of its patterns may never end/,
    );
    await lab.click('problem-list', 'button', /^Close/);
    expect(lab.troubles).toEqual([]);
  });

  it('has a form in which byte pairs are chosen, learned and trained on, with losses in bits per byte', async () => {
    const query = {
      v: '1',
      preset: 'pico',
      'train.steps': '4',
      'train.batch': '2',
      'train.sampleInterval': '2',
    };
    const data = { 'data.tokenizer': 'bpe', 'data.tokenizerVocabulary': '300', 'data.characters': '20000' };
    const page = await openPage(browser, new URLSearchParams({ ...query, ...data }).toString());
    await page.click('run-controls', 'button', 'Train');
    await page.waitForText('run-controls', '.status', /Finished step 4 of 4/);
    expect(await page.text('run-readouts', '.train')).toMatch(/\d bits per byte/);
    expect(await page.text('sample-list', '.token1')).not.toBe('');
    expect(page.troubles).toEqual([]);
    await page.page.close();
  });
});
