// The room of runs: kept through a reload, opened from a file, replayed, compared, renamed, deleted; text stays text.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, launchBrowser } from '../browser.ts';
import { openPage, type PageDriver, tinyQuery } from './page-driver.ts';

const hostile = '<img src=x onerror="document.title=\'owned\'">';

describeBrowser('the room of runs', () => {
  let browser: Browser;
  let lab: PageDriver;
  const folder = mkdtempSync(join(tmpdir(), 'flopscope-runs-'));
  const shipped = JSON.parse(readFileSync('public/recorded-run.json', 'utf8'));
  beforeAll(async () => {
    browser = await launchBrowser();
    const query = new URLSearchParams(tinyQuery);
    query.set('train.steps', '12');
    lab = await openPage(browser, query.toString());
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await browser.close();
  });

  const open = async (record: unknown, name: string): Promise<void> => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(record));
    const input = (await lab.find('room-runs', 'input[type=file]')) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(path);
  };

  it('lists a run that was trained here, also after a reload', async () => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /^Finished/);
    await lab.click('room-tabs', 'a', 'Runs');
    await lab.waitForText('run-list', 'tbody tr', /finished 12 of 12/);
    await lab.page.reload();
    await lab.waitForText('run-list', 'tbody tr', /finished 12 of 12/);
  });

  it('replays it without training anything', async () => {
    await lab.click('run-list', 'button', /^Show /);
    await lab.waitForText('replay-panel', '.facts', /finished after 12 of 12 steps/);
    await lab.waitForText('run-readouts', '#loss', /^\d\.\d{4}$/);
  });

  it('opens a record file and shows its samples, its kernels, and its text as text', async () => {
    const samples = [{ step: 1000, text: hostile }];
    await open({ ...shipped, title: hostile, samples }, 'hostile.json');
    await lab.waitForText('room-runs', 'p[aria-live]', /^Opened <img/);
    await lab.waitForText('replay-panel', '#title', /^<img src=x/);
    await lab.find('replay-panel', 'kernel-table');
    expect(await lab.page.title()).not.toBe('owned');
  });

  it('refuses a newer record with a sentence and keeps what there was', async () => {
    await open({ ...shipped, version: 2 }, 'newer.json');
    await lab.waitForText('problem-list', '.problem', /newer\.json: its version 2 is newer than 1/);
    await lab.waitForText('run-list', 'tbody', /finished 12 of 12/);
  });

  it('compares two runs: curves, differences, predicted and measured', async () => {
    await lab.click('run-list', 'input', /^Compare <img/);
    await lab.click('run-list', 'input', /^Compare 1 layers/);
    const said = await lab.waitForText('compare-panel', 'ol', /2\. 1 layers × 32/);
    expect(said).toMatch(/layers 4→1/);
    const plot = await lab.find('compare-panel', 'svg-plot');
    expect(
      await plot.evaluate(({ shadowRoot }) => shadowRoot?.querySelectorAll('path.line').length),
    ).toBeGreaterThan(1);
    const axis = (await lab.find('compare-panel', 'select')) as ElementHandle<HTMLSelectElement>;
    await axis.select('FLOP (planned)');
    await expect
      .poll(() => plot.evaluate((element) => element.getAttribute('description')))
      .toMatch(/by flop/);
    const figures = await lab.find('compare-panel', 'figure-panel:last-of-type');
    expect(await figures.evaluate(({ shadowRoot }) => shadowRoot?.textContent)).toMatch(/tokens per second/);
  });

  it('renames by keyboard and deletes only after a second word', async () => {
    await lab.click('run-list', 'button', /^Rename 1 layers/);
    await lab.page.keyboard.type('Mine');
    await lab.page.keyboard.press('Enter');
    await lab.waitForText('run-list', 'tbody', /Mine/);
    await lab.click('run-list', 'button', /^Delete <img/);
    await lab.page.keyboard.press('Escape');
    await lab.click('run-list', 'button', /^Delete <img/);
    await lab.click('run-list', 'button', /^Delete <img.* for good$/);
    await lab.waitForText('room-runs', 'p[aria-live]', /^Deleted <img/);
    await lab.page.reload();
    const rows = await lab.waitForText('run-list', 'tbody', /Mine/);
    expect(rows).not.toContain('<img');
    expect(lab.troubles).toEqual([]);
  });
});
