// The room of runs: kept through a reload, opened from a file, replayed, compared, renamed, deleted; text stays text.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile, pageAddress } from '../browser.ts';
import { createFolder } from '../folders.ts';
import { onProcessor, openPage, type PageDriver, tinyQuery } from './page-driver.ts';

const hostile = '<img src=x onerror="document.title=\'owned\'">';

describeBrowser('the room of runs', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  const folder = createFolder();
  const shipped = JSON.parse(readFileSync('public/recorded-run.json', 'utf8'));
  const hostileRecord = { ...shipped, title: hostile, samples: [{ step: 1000, text: hostile }] };
  beforeAll(async () => {
    profile = await openProfile();
    const query = new URLSearchParams(tinyQuery);
    query.set('train.steps', '12');
    lab = await openPage(profile, query.toString(), undefined, onProcessor);
  });
  afterAll(async () => {
    await profile.close();
  });

  const open = async (record: unknown, name: string): Promise<void> => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(record));
    const input = (await lab.find('room-runs', 'input[type=file]')) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(path);
  };

  it('lists a run that was trained here, also after the tab crashed', async () => {
    await lab.click('room-tabs', 'a', 'Runs');
    await lab.waitForText('replay-panel', '.facts', /finished after ([\d,]+) of \1 steps/); // the shipped one
    await lab.click('room-tabs', 'a', 'Train');
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /^Finished/);
    const more = (await lab.find('run-controls', 'input.more')) as ElementHandle<HTMLInputElement>;
    await more.evaluate((input) => {
      input.value = '3';
    });
    await lab.click('run-controls', 'button', 'Train on');
    await lab.waitForText('run-controls', '.status', /^Finished.*step 15 of 15/);
    await lab.click('room-tabs', 'a', 'Runs');
    await lab.waitForText('run-list', 'tbody tr', /finished 15 of 15/);
    const session = await lab.page.createCDPSession();
    void session.send('Page.crash').catch(() => undefined); // The answer is lost with the page.
    lab = await openPage(profile, '#runs');
    await lab.waitForText('run-list', 'tbody tr', /finished 15 of 15/);
  });

  it('replays it without training anything', async () => {
    await lab.click('run-list', 'button', /^Show /);
    await lab.waitForText('replay-panel', '.facts', /finished after 15 of 15 steps/);
    await lab.waitForText('run-readouts', '#loss', /^\d\.\d{4}$/);
  });

  it('opens a record file and shows its samples, its kernels, and its text as text', async () => {
    await open(hostileRecord, 'hostile.json');
    await lab.waitForText('room-runs', 'p[aria-live]', /^Opened <img/);
    await lab.waitForText('replay-panel', '#title', /^<img src=x/);
    await lab.find('replay-panel', 'kernel-table');
    expect(await lab.page.title()).not.toBe('owned');
  });

  it('refuses a newer record with a sentence and keeps what there was', async () => {
    await open({ ...shipped, version: 2 }, 'newer.json');
    await lab.waitForText('problem-list', '.problem', /newer\.json: its version 2 is newer than 1/);
    const strip = await lab.find('problem-list', '.problem');
    const panel = await lab.find('notice-strips', '[aria-label="Saved run"]'); // what stands below it
    const bottom = await strip.evaluate((shown) => shown.getBoundingClientRect().bottom);
    const top = await panel.evaluate((shown) => shown.getBoundingClientRect().top);
    expect(top - bottom).toBeGreaterThan(4); // they do not touch
    await open(hostileRecord, 'hostile.json'); // a good one instead: nothing is wrong any more
    await lab.waitForText('problem-list', '.list', /^$/);
    const listed = await lab.waitForText('run-list', 'tbody', /finished 15 of 15/);
    expect(listed).toMatch(/a software GPU/); // and not the versions of its driver
    expect(listed).not.toMatch(/LLVM/);
  });

  it('compares two runs: curves, differences, predicted and measured', async () => {
    await lab.click('run-list', 'input', /^Compare <img/);
    await lab.click('run-list', 'input', /^Compare 1 layer/);
    const said = await lab.waitForText('compare-panel', 'ol', /2\. 1 layer of 32/);
    expect(said).toMatch(/layers 4→1/);
    // In the list each has the colour of its curve.
    const list = await lab.find('run-list', 'tbody');
    const colours = await list.evaluate((rows) =>
      [...rows.querySelectorAll('.key')].map((key) => getComputedStyle(key).color),
    );
    expect(new Set(colours).size).toBe(2);
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
    await lab.click('run-list', 'button', /^Rename 1 layer/);
    await lab.find('run-list', 'input.title:focus');
    await lab.page.keyboard.type('Mine');
    await lab.page.keyboard.press('Enter');
    await lab.waitForText('run-list', 'tbody', /Mine/);
    await lab.click('run-list', 'button', 'Note on Mine');
    await lab.find('run-list', 'textarea.note:focus');
    await lab.page.keyboard.type('as in the lecture');
    await lab.click('run-list', 'button', 'Done');
    await lab.waitForText('run-list', 'tbody', /Mine.*as in the lecture/);
    await lab.click('run-list', 'button', 'Run');
    await lab.find('run-list', 'th[aria-sort=ascending]', /^Run/);
    await lab.click('run-list', 'button', /^Delete <img/);
    await lab.find('run-list', 'button.keep:focus');
    await lab.page.keyboard.press('Escape');
    await lab.click('run-list', 'button', /^Delete <img/);
    await lab.click('run-list', 'button', /^Delete for good: <img/);
    await lab.waitForText('room-runs', 'p[aria-live]', /^Deleted <img/);
    await lab.page.reload();
    const rows = await lab.waitForText('run-list', 'tbody', /Mine.*as in the lecture/);
    expect(rows).not.toContain('<img');
    expect(lab.troubles).toEqual([]);
  });

  it('keeps what an older layout kept, and of the oldest only the records', async () => {
    const context = await openProfile(); // it has nothing in store
    const page = await context.newPage();
    await page.goto(new URL('icon.svg', pageAddress()).href);
    const { steps, evaluations, experiment } = shipped;
    await page.evaluate(seedLayout1, { steps, evaluations, experiment });
    await page.close();
    lab = await openPage(context, '#runs');
    await lab.waitForText('run-list', 'tbody', /Old 12.*Old 0 finished 1,000 of 1,000/);
    const goOn = async () => (await lab.text('run-list', 'tbody')).match(/Go on/g)?.length;
    await expect.poll(goOn).toBe(13); // once there is a device to go on with
    await lab.click('run-list', 'button', /^Show Old 0$/);
    await lab.waitForText('replay-panel', '.facts', /finished after [\d,]+ of 1,000 steps/);
    await open({ ...shipped, id: 'another' }, 'another.json');
    await lab.waitForText('room-runs', 'p[aria-live]', /^Opened/);
    await expect.poll(goOn).toBe(12);
    await lab.click('run-list', 'button', /^Show Old 0$/);
    await lab.waitForText('replay-panel', '#title', /^Old 0$/);
    expect(lab.troubles).toEqual([]);
  });

  it('says that a newer program keeps the runs here, and leaves them as they are', async () => {
    const context = await openProfile();
    const page = await context.newPage();
    await page.goto(new URL('icon.svg', pageAddress()).href);
    const openLayout = (version: number | undefined) =>
      page.evaluate(
        (layout) =>
          new Promise<number>((resolve, reject) => {
            const opening = indexedDB.open('flopscope', layout);
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
              resolve(opening.result.version);
              opening.result.close();
            };
          }),
        version,
      );
    await openLayout(99);
    const later = await openPage(context, '#runs');
    await later.waitForText('problem-list', '.list', /A newer Flopscope keeps the runs of this browser/);
    await later.find('problem-list', 'button', 'Reload the page');
    expect(await openLayout(undefined)).toBe(99);
    expect(later.troubles).toEqual([]);
    await context.close();
  });
});

/** What the first layout left: a database of version 1 with thirteen runs, their curves in the index. In the page. */
async function seedLayout1(run: {
  steps: object[];
  evaluations: object[];
  experiment: object;
}): Promise<void> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const opening = indexedDB.open('flopscope', 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('runs', { keyPath: 'id' });
    opening.result.createObjectStore('profiles');
  };
  const database = await done(opening);
  const curve = [
    { kind: 'steps', steps: run.steps },
    ...run.evaluations.map((evaluation) => ({ kind: 'evaluation', ...evaluation })),
  ];
  for (let index = 0; index < 13; index++) {
    const entry = {
      id: `old-${index}`,
      title: `Old ${index}`,
      step: 1000,
      totalSteps: 1000,
      loss: 1.5,
      bytes: 9,
      slot: 0,
      sha256: '',
      hasText: false,
      experiment: run.experiment,
      curve,
      savedAt: new Date(Date.UTC(2026, 10, 1 + index)).toISOString(),
    };
    await done(database.transaction('runs', 'readwrite').objectStore('runs').put(entry));
  }
  database.close();
}
