// Tokenizers in the page: a published one writes on from a text, a hostile one does not hold the page, and one is learned.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshWeights } from '../../src/lab/plans/open-model.ts';
import { writeModelFiles } from '../../src/lab/training/model-files.ts';
import { describeBrowser, openProfile } from '../browser.ts';
import { type PublishedBpe, tinyGguf, tokenizerKeys } from '../data/gguf/tiny-gguf.ts';
import { readTokenFixture } from '../data/tokenizers/fixtures.ts';
import { createFolder } from '../folders.ts';
import { tinyExperiment } from '../lab/training/tiny-runs.ts';
import { attach, openPage, type PageDriver } from './page-driver.ts';
import { startPageWithHub } from './page-with-hub.ts';

describeBrowser('the page with tokens of more than a character', () => {
  const folder = createFolder();
  let profile: BrowserContext;
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
    profile = await openProfile(false);
    lab = await openPage(profile);
  });
  afterAll(async () => {
    await profile.close();
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

  it('pulls a published model from a hub, pauses, goes on after a reload, opens it and deletes it', async () => {
    const served = createFolder();
    const { model } = tinyExperiment({ model: { vocabulary: 340 } });
    for (const { name, bytes } of writeModelFiles(model, freshWeights(model, 1), undefined))
      writeFileSync(join(served, name), bytes);
    writeFileSync(join(served, 'tokenizer.json'), JSON.stringify(readTokenFixture('gpt2')));
    writeFileSync(join(served, 'README.md'), 'a card');
    const weights = 'model.safetensors';
    const wrong = ['tokenizer.json'];
    let isPaused = false;
    const hub = await startPageWithHub(served, {
      wrong,
      busy: { [weights]: '0' },
      cut: { [weights]: 0.4, 'tokenizer.json': 0.4 },
      mayCut: () => isPaused, // until then the first stands still
    });
    const there = await attach(await profile.newPage());
    const open = async () => {
      await there.page.goto(hub.endpoint);
      await there.click('published-models', 'summary', 'Another hub');
      const address = await there.find('published-models', '#endpoint');
      await address.evaluate((input) => {
        (input as HTMLInputElement).value = '/hub';
      });
    };
    const lookUp = async (name: string) => {
      const input = await there.find('published-models', '#name');
      await input.evaluate((one) => {
        (one as HTMLInputElement).value = '';
      });
      await input.type(name);
      await there.click('published-models', 'form button', 'Look it up');
    };
    const said = (pattern: RegExp) => there.waitForText('published-models', '.said', pattern);
    await open();
    await lookUp('tiny/other');
    await said(
      /hub shows no tiny\/other@main \(404\)\. Check the name; if it is private, pull it on the command line/,
    );
    await lookUp('tiny/model');
    await there.waitForText(
      'published-models',
      '.found',
      /\d files of .* free in this browser\); [\d,]+ parameters, .* of this device’s memory when it is opened/,
    );
    await there.click('published-models', 'button', 'Pull it');
    // More than the configuration: some of the weights are here, after one 429.
    await there.waitForText(
      'published-models',
      '.pulling',
      /model\.safetensors \d{2,}(\.\d+)?.KiB of .*Pause/,
    );
    await there.click('published-models', 'button', 'Pause');
    await said(/tiny\/model is paused: what came stays/);
    isPaused = true;

    await open();
    await there.waitForText('published-models', '.pulled', /tiny\/model .* not whole yet/);
    await there.click('published-models', 'button', /^Go on/);
    await said(/tokenizer\.json: its SHA-256 is [0-9a-f]{12}…, the hub says [0-9a-f]{12}…\. It was removed/);
    wrong.length = 0;
    await there.click('published-models', 'button', /^Go on/);
    await said(/tiny\/model is here, and every file has the hub’s hash/);

    await there.click('published-models', 'button', /^Open tiny/);
    await there.waitForText('run-controls', '.status', /^Paused step 0 of/);
    await there.click('published-models', 'button', /^Delete tiny/);
    await there.click('published-models', 'button', /^Keep it/);
    await there.click('published-models', 'button', /^Delete tiny/);
    await there.click('published-models', 'button', /^Delete for good: tiny/);
    await said(/tiny\/model is deleted/);
    await expect.poll(() => there.text('published-models', '.pulled')).toBe('');
    expect(hub.requests.filter(({ name }) => name === weights).map(({ range }) => range)).toEqual([
      ...[undefined, undefined],
      expect.stringMatching(/^bytes=\d+-$/),
    ]);
    expect(there.troubles.filter((trouble) => !/Failed to load resource/.test(trouble))).toEqual([]);
    await there.page.close();
    await hub.close();
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
    const page = await openPage(profile, new URLSearchParams({ ...query, ...data }).toString());
    await page.click('run-controls', 'button', 'Train');
    await page.waitForText('run-controls', '.status', /Finished step 4 of 4/);
    expect(await page.text('run-readouts', '.train')).toMatch(/\d bits per byte/);
    expect(await page.text('sample-list', '.token1')).not.toBe('');
    expect(page.troubles).toEqual([]);
    await page.page.close();
  });
});
