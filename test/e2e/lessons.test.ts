// The room of lessons on the processor: a guess before anything runs, then the small form of every lesson and its outcome.
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile, pageAddress } from '../browser.ts';
import { attach, onProcessor, type PageDriver, tinyQuery } from './page-driver.ts';

/** A guess for each lesson, by the number typed or the words chosen, and what must be found whatever the machine. */
const quick = [
  { title: 'No looking ahead', guess: 5, verdict: /Close/, measured: /6 of 16 positions/, figures: 2 },
  { title: 'Heads are free', guess: 'Exactly as many', verdict: /Right/, measured: /Exactly/, figures: 1 },
  { title: 'The bill', guess: 2.8, verdict: /Right/, measured: /2\.79 million/, figures: 2 },
] as const;

/** Those that train for longer: without a browser they run in test/lab/lessons/catalogue.test.ts. */
const long = [
  {
    title: 'What the cache saves',
    guess: 5,
    verdict: /Right|Close|Off/,
    measured: /times as long/,
    figures: 4,
  },
  {
    title: 'Every position learns',
    guess: 1,
    verdict: /32.* times too low/,
    measured: /32 of 32/,
    figures: 2,
  },
  { title: 'Many questions', guess: 32, verdict: /Right|Close|Off/, measured: /times/, figures: 2 },
  {
    title: 'What the skip',
    guess: 'About as large',
    verdict: /Not this time/,
    measured: /of the last layer/,
    figures: 2,
  },
] as const;

const lessons = process.env.FLOPSCOPE_FULL ? [...long, ...quick] : quick;

/** The lesson whose checks compare measured times, which what else the machine does may spoil. */
const isTimed = /cache saves/;

describeBrowser('the room of lessons', () => {
  let profile: BrowserContext;
  let lab: PageDriver;

  beforeAll(async () => {
    profile = await openProfile();
    lab = await attach(await profile.newPage(), undefined, onProcessor);
    await lab.page.goto(`${pageAddress()}?${tinyQuery}#lessons`);
  });
  afterAll(() => profile.close());

  it('lists the lessons, and runs none before a guess is made', async () => {
    await lab.waitForText('room-lessons', 'nav', /No looking ahead.*The bill of a large model/);
    await lab.waitForText('room-lessons', 'article', /First make your guess/);
    const run = await lab.find('room-lessons', 'article button', 'Run it');
    expect(await run.evaluate((button) => (button as HTMLButtonElement).disabled)).toBe(true);
    const commit = await lab.find('lesson-guess', 'button', 'This is my guess');
    expect(await commit.evaluate((button) => (button as HTMLButtonElement).disabled)).toBe(true);
  });

  it.each(lessons)('$title: the guess, then theory, then what was measured', async (lesson) => {
    const { title, guess, verdict, measured, figures } = lesson;
    await lab.click('room-lessons', 'nav button', new RegExp(title));
    await lab.waitForText('room-lessons', 'article h1', new RegExp(title));
    if (typeof guess === 'number') {
      expect(await lab.text('lesson-guess', '.judged')).toMatch(
        /right when it is equal|Right within a factor/,
      );
      const field = await lab.find('lesson-guess', 'input[type=number]');
      await (field as ElementHandle<HTMLInputElement>).type(String(guess));
    } else {
      await lab.click('lesson-guess', 'label', guess);
    }
    await lab.click('lesson-guess', 'button', 'This is my guess');
    await lab.click('room-lessons', 'article button', 'Run it');
    await lab.waitForText('lesson-outcome', '.guess', verdict);
    expect(await lab.text('lesson-outcome', '.measured')).toMatch(measured);
    const checks = await lab.text('lesson-outcome', '[aria-labelledby=checks]');
    const [, held, count] = /(\d+) of (\d+) hold/.exec(checks) ?? [];
    expect(Number(held), checks).toBeGreaterThanOrEqual(isTimed.test(title) ? 0 : Number(count));
    expect(Number(count)).toBeGreaterThanOrEqual(3);
    const shown = await lab.find('lesson-outcome', '.figures');
    expect(await shown.evaluate(({ children }) => children.length)).toBe(figures);
  });

  it('keeps guess and outcome over a reload', async () => {
    await lab.page.reload();
    await lab.waitForText(
      'room-lessons',
      'nav',
      /No looking ahead.*\(done\).*The bill of a large model.*\(done\)/,
    );
    await lab.waitForText('room-lessons', 'article h1', /The bill/); // the address names the lesson
    await lab.click('copy-link', 'button', /^Copy the link/);
    await lab.waitForText('copy-link', '[role=status]', /Copied|#lessons\//);
    await lab.click('room-lessons', 'nav button', /No looking ahead/);
    await lab.waitForText('lesson-outcome', '.measured', /6 of 16 positions/);
    await lab.waitForText('lesson-guess', '.committed', /Your guess: 5/);
  });

  it('stops a lesson when it is cancelled, and shows no problem', async () => {
    await lab.click('room-lessons', 'nav button', /What the skip/);
    await lab.click('room-lessons', 'label', /^Full form/); // it takes minutes: it does not end before Cancel is pressed
    await lab.click('lesson-guess', 'label', 'About as large');
    await lab.click('lesson-guess', 'button', 'This is my guess');
    await lab.click('room-lessons', 'article button', /^Run it/);
    await lab.click('room-lessons', 'article button', 'Cancel');
    await lab.find('room-lessons', 'article button', /^Run it/);
    expect(await lab.text('notice-strips', ':host > *')).not.toMatch(/cancelled/);
  });

  it('waits for training, and shows what a head of the run looks at', async () => {
    await lab.click('room-tabs', 'a', 'Train');
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step/);
    await lab.click('room-tabs', 'a', 'Lessons');
    await lab.waitForText('room-lessons', 'article', /A run is training\. Pause it/);
    await lab.click('room-lessons', 'nav button', /No looking ahead/);
    await lab.click('lesson-attention', 'button', 'Show');
    const figure = await lab.find('lesson-attention', 'lesson-figure');
    const countCells = () =>
      figure.evaluate(
        ({ shadowRoot }) =>
          shadowRoot?.querySelector('lesson-matrix')?.shadowRoot?.querySelectorAll('.cell').length,
      );
    await expect.poll(countCells).toBe(136); // the lower triangle of “Once upon a time”
    expect(lab.troubles).toEqual([]);
  });
});
