// A model of conversations in the page: trained on the assistant's turns, asked held-out ones, and talked with.
import type { BrowserContext } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { findViolations } from './axe.ts';
import { onProcessor, openPage, type PageDriver } from './page-driver.ts';

const query = new URLSearchParams({
  v: '1',
  preset: 'nano',
  'model.layers': '1',
  'model.width': '16',
  'model.heads': '2',
  'model.context': '64',
  'train.batch': '4',
  'train.steps': '20',
  'train.lossPositions': 'answers',
  'train.evaluationInterval': '10',
  'train.evaluationBatches': '1',
  'train.sampleInterval': '0',
  'data.source': 'instructions',
  'data.tokenizer': 'characters',
  'data.characters': '20000',
}).toString();

describeBrowser('a model of conversations', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  beforeAll(async () => {
    profile = await openProfile(false);
    lab = await openPage(profile, query, 1500, onProcessor);
  });
  afterAll(() => profile.close());

  it('answers turn by turn by its template, in a thread of the page', async () => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Finished step 20 of 20/);
    await lab.click('answers-box', 'button', 'Ask questions');
    await lab.waitForText('answers-box', '[role=status]', /\d+ of \d+ right at step 20/);
    for (const turns of [2, 4]) {
      const area = await lab.find('chat-box', 'textarea');
      await area.type('Spell lamp.');
      await lab.click('chat-box', 'button', 'Answer');
      await lab.waitForText('chat-box', `li:nth-child(${turns}).assistant`, /^Model/);
      await lab.find('chat-box', 'button', 'Answer');
    }
    expect(await lab.text('chat-box', 'ol')).toMatch(/^You Spell lamp\.\s*Model .*You Spell lamp\.\s*Model/s);
    expect(await lab.text('chat-box', 'ol')).not.toContain('<|end|>');
    expect(await findViolations(lab.page)).toEqual([]);
    await lab.click('chat-box', 'button', 'Start anew');
    await expect.poll(() => lab.text('chat-box', 'ol')).toBe('');
    await lab.click('chat-box', 'button', 'Bring it back');
    expect(await lab.text('chat-box', 'ol')).toMatch(/^You Spell lamp\.\s*Model .*You Spell lamp\.\s*Model/s);
    expect(lab.troubles).toEqual([]);
  });
});
