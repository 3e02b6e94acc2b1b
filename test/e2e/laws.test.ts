// The room Laws: a recorded study first; one of one's own planned, run, paused, gone on with after a reload; anybody's runs fitted.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { createFolder } from '../folders.ts';
import { syntheticStudy } from '../laws/public-points.ts';
import { findViolations } from './axe.ts';
import { enter } from './clicks.ts';
import { downloadOf } from './downloads.ts';
import { onProcessor, openPage, type PageDriver } from './page-driver.ts';

/** Two short runs on one trunk, and one that no test waits for. */
const study = {
  name: 'mine',
  note: 'Two short runs and a long one.',
  base: {
    model: { layers: 1, width: 16, heads: 2, context: 16 },
    train: {
      batch: 2,
      evaluationInterval: 0,
      sampleInterval: 0,
      optimizer: { learningRate: 3e-3 },
      schedule: { kind: 'warmupStableDecay', warmupSteps: 2, minimumLearningRate: 0, decayFraction: 0.25 },
    },
    data: { source: 'zipf', characters: 20_000 },
  },
  grid: [
    { 'model.width': 16, tokens: [256, 512] },
    { 'model.width': 24, tokens: 3e8 },
  ],
  validationTokens: 64,
};

describeBrowser('the room Laws', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  const folder = createFolder();

  beforeAll(async () => {
    profile = await openProfile();
    lab = await openPage(profile, '#laws', undefined, onProcessor);
  });
  afterAll(async () => {
    await profile.close();
  });

  const open = async (name: string, text: string): Promise<void> => {
    const path = join(folder, name);
    writeFileSync(path, text);
    const input = (await lab.find('laws-studies', 'input[type=file]')) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(path);
  };

  it('shows recorded runs with their law on a first visit', async () => {
    await lab.waitForText('laws-runs', '.recorded', /Recorded, not of this device/);
    await lab.waitForText('laws-fit', 'section', /240 runs fitted, 5 left out/);
    await lab.waitForText('laws-choose', 'figure-panel', /tokens.*a parameter/s);
    expect(await findViolations(lab.page)).toEqual([]);
    // A run is left out of the fit from the plot, and taken back.
    const plot = await lab.find('svg-plot', 'svg');
    await plot.evaluate((drawing) => (drawing as SVGSVGElement).focus());
    await lab.page.keyboard.press('ArrowRight');
    await lab.page.keyboard.press('Enter');
    await lab.click('laws-runs', 'button', 'Leave it out');
    await lab.waitForText('laws-fit', 'section', /239 runs fitted, 6 left out/);
    await lab.waitForText('laws-runs', 'p.out', /6 left out \(rings\): 1 by choice, 5 by the fit/);
    await lab.click('laws-runs', 'button', 'Take back all that were chosen');
    await lab.waitForText('laws-fit', 'section', /240 runs fitted, 5 left out/);
    await lab.page.setViewport({ width: 360, height: 1000 });
    expect(await lab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    await lab.page.setViewport({ width: 1500, height: 1000 });
  });

  it('begins anew with what is chosen last, whatever is answered first', async () => {
    const highest = await lab.find('laws-fit', 'input[type=number]');
    await (await lab.find('laws-runs', '.recorded select')).select(
      'Tiny: 15 runs of 3.5 k to 147 k parameters',
    );
    await lab.waitForText('laws-fit', 'section', /15 runs fitted/);
    await enter(highest, '3'); // as many are left out of the next as were of the one before Tiny
    await open(
      'some.csv',
      `N,D,loss\n${[5, 6, 7, 8, 9, 10].map((n) => `${n}000,${n}0000,${2 + 1 / n}`).join('\n')}`,
    );
    await lab.waitForText('laws-studies', '.said', /^6 runs of some\.csv/);
    expect(await highest.evaluate((input) => (input as HTMLInputElement).value)).toBe('0');
    // The first study takes a text to be written before it is planned; the last needs none of its own.
    const studies = await lab.find('laws-studies', '.ready');
    const last = await studies.evaluate((list) => {
      const buttons = [...list.querySelectorAll('button')];
      for (const button of buttons) button.click();
      const words = [...(buttons.at(-1)?.childNodes ?? [])].find(
        ({ nodeType, textContent }) => nodeType === 3 && textContent?.trim() !== '',
      );
      return words?.textContent?.trim() ?? '';
    });
    await expect
      .poll(() => studies.evaluate((list) => list.querySelector('[aria-pressed=true]')?.textContent ?? ''))
      .toContain(last);
    await expect.poll(() => lab.text('laws-plan', 'section')).toContain(last);
  });

  it('says what a study will take before anything runs, and runs it until it is paused', async () => {
    await open('mine.json', JSON.stringify(study));
    await lab.waitForText('laws-plan', 'section', /Plan: mine.*3 runs: .*FLOP, at most .*iB at a time/);
    await expect.poll(() => lab.text('laws-choose', 'figure-panel')).toBe('');
    await lab.click('laws-plan', 'button', 'Run the study');
    await lab.waitForText('laws-plan', 'section', /2 of 3 runs done.*tokens: step [\d,]+ of/);
    await lab.click('laws-plan', 'button', 'Pause');
    await lab.waitForText('laws-plan', 'section', /2 of 3 runs done\. Paused after/);
  });

  it('goes on after a reload from the rows that were kept, and saves them', async () => {
    await lab.page.reload();
    await lab.waitForText('laws-plan', 'section', /2 of 3 runs done/);
    const { text } = await downloadOf(profile, folder, () =>
      lab.click('figure-panel', 'button', 'Save “Runs” as CSV'),
    );
    expect(text.split('\r\n').map((line) => line.split(',')[1])).toEqual([
      'status',
      'finished',
      'finished',
      'to run',
      undefined,
    ]);
    await lab.click('laws-plan', 'button', 'Go on');
    await lab.waitForText('laws-plan', 'section', /2 of 3 runs done.*tokens: step [\d,]+ of/);
    await lab.click('laws-plan', 'button', 'Pause');
    await lab.waitForText('laws-plan', 'section', /Paused after/);
  });

  it('fits a CSV of anybody’s runs, and opens what the law recommends in the room Train', async () => {
    await open('theirs.csv', 'parameters,tokens,loss\n1000,2000,"2,5"\n');
    await lab.waitForText('laws-studies', '.said', /^theirs\.csv line 2: loss is "2,5", with a comma/);
    const sweep = [2.3, 2.11, 2.04, 2.05, 2.12].map((loss, at) => `1000,1e6,${loss},${0.002 * 2 ** at}`);
    await open('rates.csv', ['parameters,tokens,loss,learningRate', ...sweep].join('\n'));
    await lab.waitForText('laws-fit', '.pair', /its interval by Fieller’s theorem/);
    const rows: number[][] = JSON.parse(readFileSync('test/fixtures/zipf-runs.json', 'utf8'));
    await open('theirs.csv', ['N,D,loss', ...rows.map((row) => row.join(','))].join('\n'));
    await lab.waitForText('laws-fit', 'section', /15 runs fitted\. The law misses by/);
    await lab.click('laws-choose', 'button', 'Open in Train');
    await lab.waitForText('preset-picker', 'section, div', /width/i);
    expect(await lab.page.evaluate(() => location.hash)).toBe('#train');
  });

  it('searches a shape among runs that differ in shape, and opens the fastest within the limit in Train', async () => {
    await lab.page.evaluate(() => {
      location.hash = 'laws';
    });
    const columns = ['parameters', 'tokens', 'loss', 'ratio', 'mlpToAttention', 'part'] as const;
    const rows = syntheticStudy('multiplicative', 1).map((run) =>
      columns.map((column) => run[column]).join(','),
    );
    await open('shapes.csv', [columns.join(','), ...rows].join('\n'));
    const enterInto = async (label: RegExp, value: string) => {
      const field = await lab.find('laws-search', 'label', label);
      const input = await field.$('input');
      if (input) await enter(input, value);
    };
    await enterInto(/^d\/√N/, '0,2');
    await lab.click('laws-search', 'button', 'Search');
    await lab.waitForText('laws-search', 'p.bad', /“0,2” is no list of positive numbers/);
    await enterInto(/^d\/√N/, '0.2');
    await enterInto(/^r to try/, '2');
    await enterInto(/^Parameters/, '3000');
    await enterInto(/^Answer/, '4');
    await lab.click('laws-search', 'button', 'Search');
    await lab.waitForText(
      'laws-search',
      '.named',
      /Panda.*\(predicted\), .* tokens\/s Open .*Panda.* in Train/,
    );
    await lab.waitForText('laws-search', 'section', /Losses are the law’s: nothing was trained/);
    expect(await findViolations(lab.page)).toEqual([]);
    await lab.click('laws-search', 'button', /^Open .*Surefire.* in Train$/);
    await expect.poll(() => lab.page.evaluate(() => location.hash)).toBe('#train');
    await lab.waitForText('preset-picker', 'section, div', /width/i);
  });

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
