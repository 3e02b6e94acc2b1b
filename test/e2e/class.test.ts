// A class: a student joins, trains and sends; the teacher sees thirty machines; the server goes away; a link is prepared.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeLink } from '../../src/classroom/link.ts';
import { type ClassServer, startClassServer } from '../../src/cli/class/server.ts';
import { openClassStore } from '../../src/cli/class/store.ts';
import { describeBrowser, openProfile } from '../browser.ts';
import { sampleResult } from '../classroom/sample-result.ts';
import { createFolder } from '../folders.ts';
import { ownLessonFile } from '../lab/lessons/own-lesson-file.ts';
import { findViolations } from './axe.ts';
import { attach, type PageDriver, tinyQuery } from './page-driver.ts';

const code = 'BCD234';
const key = 'teacher-key-0123456789';
/** Where the browser tests' page is built. */
const folder = 'node_modules/.cache/flopscope/page';

/** The address without what a teacher prepared. */
function withoutLink(prepared: string): string {
  const address = new URL(prepared);
  address.searchParams.delete('class');
  return address.href;
}

/** Drops a text on the page, as a person would a file. */
const dropText = ({ page }: PageDriver, name: string): Promise<void> =>
  page.evaluate((name) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['Another text altogether. '.repeat(40)], name, { type: 'text/plain' }));
    dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
  }, name);

describeBrowser('a class', () => {
  const store = openClassStore();
  const open = { title: 'Physics 11b', code, key, store };
  let profile: BrowserContext;
  let server: ClassServer;
  let student: PageDriver;
  let teacher: PageDriver;
  const address = () => `http://127.0.0.1:${server.port}/`;

  beforeAll(async () => {
    server = await startClassServer(open, { folder, host: '127.0.0.1', port: 0 });
    profile = await openProfile(false);
  });
  afterAll(async () => {
    await profile.close();
    await server.close();
    store.close();
  });

  it('lets a student in by the code, and says so where the code is wrong', async () => {
    student = await attach(await profile.newPage());
    await student.page.goto(`${address()}?${tinyQuery.replace('100000', '20')}#class/join/BAD234`);
    await student.waitForText('class-student', '[role=status]', /This is not the join code/);
    const field = (await student.find('class-student', 'input.join')) as ElementHandle<HTMLInputElement>;
    await field.evaluate((input, text) => {
      input.value = text;
      input.dispatchEvent(new Event('change'));
    }, 'bcd 234');
    await student.waitForText('class-student', '[role=status]', /You are in the class/);
    await student.waitForText('class-student', 'h2', /Physics 11b/);
    student.troubles.length = 0; // the browser notes the refusal as an error
  });

  it('takes the result of a run by one press', async () => {
    await student.click('room-tabs', 'a', 'Train');
    await student.click('run-controls', 'button', 'Train');
    await student.waitForText('run-controls', '.status', /Finished step 20 of 20/);
    await student.click('room-tabs', 'a', 'Class');
    await student.click('class-student', 'button', /^Send.* to the class$/);
    await student.waitForText('class-student', '[role=status]', /1 of your results arrived/);
    expect(store.changes(0).rows[0]?.result).toMatchObject({
      step: 20,
      totalSteps: 20,
      device: { runtime: 'wasm' },
    });
    expect(student.troubles).toEqual([]);
  });

  it('shows the teacher thirty machines, without the key on the screen, and nothing to one with a wrong key', async () => {
    teacher = await attach(await profile.newPage());
    await teacher.page.goto(`${address()}#class/teacher/wrong-key`);
    await teacher.waitForText('class-teacher', '[role=alert]', /needs the key that flopscope class printed/);
    teacher.troubles.length = 0;
    await teacher.page.evaluate((hash) => {
      location.hash = hash;
    }, `class/teacher/${key}`);
    await teacher.waitForText('class-teacher', '[role=status]', /^1 result$/);
    expect(teacher.page.url()).toMatch(/#class\/teacher$/);
    for (let index = 2; index <= 30; index++)
      store.put(sampleResult({ student: `student-${1000 + index}`, name: 'Kim', measured: 1000 * index }));
    await teacher.waitForText('class-teacher', '[role=status]', /^30 results$/);
    expect(await teacher.text('class-teacher', '.join')).toBe(code);
    await teacher.waitForText('figure-panel', 'section', /Predicted against measured/);
    await teacher.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    expect(await findViolations(teacher.page)).toEqual([]);
    expect(teacher.troubles).toEqual([]);
  });

  it('gives the teacher plans of a class, the answers behind a click, and a sheet for paper without them', async () => {
    await teacher.click('room-class', 'a', 'Class plans');
    await teacher.waitForText('class-plans', 'section', /What a model learns/);
    await teacher.click('class-plans', 'summary', 'To ask aloud, with the answers');
    await teacher.waitForText('class-plans', 'dd', /its loss is ln V/);
    expect(await findViolations(teacher.page)).toEqual([]);
    await teacher.page.emulateMediaType('print');
    await teacher.page.evaluate(() => {
      // What a printer would get.
      window.print = () => {
        const lab = document.querySelector('lab-page')?.shadowRoot;
        const plans = lab?.querySelector('room-class')?.shadowRoot?.querySelector('class-plans');
        const isShown = (element: Element | null | undefined) =>
          (element as HTMLElement)?.offsetParent != null;
        const sheet = plans?.shadowRoot?.querySelector<HTMLElement>('.sheet');
        document.title = JSON.stringify({
          sheet: isShown(sheet) ? sheet?.textContent : '',
          others: [lab?.querySelector('lab-header'), plans?.shadowRoot?.querySelector('section')].some(
            isShown,
          ),
        });
      };
    });
    await teacher.click('class-plans', 'button', 'Print the sheet for students');
    const { sheet, others } = JSON.parse(await teacher.page.title());
    expect(sheet).toMatch(/What is a token, a loss, a guess.*I guess.*Could training bring the loss to 0\?/s);
    expect(sheet).not.toMatch(/the text’s own uncertainty/);
    expect(others).toBe(false);
    await teacher.page.emulateMediaType('screen');
    await teacher.click('room-class', 'a', 'Results of a class');
    await teacher.waitForText('class-teacher', '[role=status]', /^30 results$/);
    expect(teacher.troubles).toEqual([]);
  });

  it('keeps the files that the teacher opened while another page of the room is read, and deletes when that is confirmed', async () => {
    const file = join(createFolder(), 'one.result.json');
    writeFileSync(file, JSON.stringify(sampleResult({ student: 'by-hand-0001' })));
    const picker = (await teacher.find(
      'class-teacher',
      'input[type=file]',
    )) as ElementHandle<HTMLInputElement>;
    await picker.uploadFile(file);
    await teacher.waitForText('class-teacher', '[role=status]', /^31 results$/);
    await teacher.click('room-class', 'a', 'Your own results');
    await teacher.find('class-student', '.who');
    await teacher.click('room-class', 'a', /^Collect the results/);
    await teacher.waitForText('class-teacher', '[role=status]', /^31 results$/);
    await teacher.click('class-teacher', 'button', 'Delete …');
    await teacher.click('class-teacher', 'button', 'Delete all results');
    await teacher.waitForText('class-teacher', '[role=status]', /^0 results$/);
    expect(teacher.dialogs).toEqual(['confirm']);
    expect(store.count()).toBe(0);
    expect(teacher.troubles).toEqual([]);
    await teacher.page.close();
  });

  it('loses nothing while the server is away', async () => {
    const { port } = server;
    await server.close();
    await student.page.bringToFront();
    await student.click('class-student', 'button', /^Send.* to the class$/);
    await student.waitForText(
      'class-student',
      '[role=status]',
      /1 waiting\. The class server does not answer/,
    );
    store.delete('all');
    server = await startClassServer(open, { folder, host: '127.0.0.1', port });
    await expect.poll(() => store.count()).toBe(1);
    await student.waitForText('class-student', '[role=status]', /1 of your results arrived\.\s*$/);
    await student.click('class-student', 'button', 'Delete all that I sent');
    await student.waitForText('class-student', '[role=status]', /One of your results was deleted/);
    expect(store.count()).toBe(0);
    student.troubles.length = 0; // the browser notes the calls that nobody heard
  });

  it('makes a link that opens as the teacher chose, and starts nothing', async () => {
    await student.click('room-class', 'button', /^Share with a class/);
    const words = (await student.find('share-dialog', 'textarea')) as ElementHandle<HTMLTextAreaElement>;
    await words.type('Guess first!');
    await student.find('share-dialog', 'svg.qr'); // with the text below it is too long for one
    const poem = (await student.find(
      'share-dialog',
      'textarea[rows="3"]',
    )) as ElementHandle<HTMLTextAreaElement>;
    await poem.evaluate((area) => {
      area.value = 'The rain falls on the sea, and the sea is not wetter. '.repeat(24);
      area.dispatchEvent(new Event('input'));
    });
    await student.click('share-dialog', 'summary', /^Rooms and parts/);
    await student.click('share-dialog', 'label', 'Costs');
    await student.click('share-dialog', 'label', 'Saving and opening');
    await student.click('share-dialog', 'label', 'Loss curve'); // below it much would move, were it shown at first
    await student.click('share-dialog', 'summary', /^Settings/);
    await student.click('share-dialog', 'button', 'All locked');
    await student.click('share-dialog', 'summary', /^Buttons/);
    await student.click('share-dialog', 'label', 'Stop');
    await student.waitForText(
      'share-dialog',
      '.seen',
      /Not shown: the room Costs, Saving and opening, Loss curve.*cannot be changed in the room Train: all.*locked: Stop/,
    );
    const link = await student.find('share-dialog', 'input.link');
    const prepared = await link.evaluate((input) => (input as HTMLInputElement).value);
    expect(await findViolations(student.page)).toEqual([]);
    const other = await attach(await profile.newPage(), 700);
    await other.page.goto(withoutLink(prepared));
    await other.waitForText('prediction-panel', '.figure', /\d/);
    await other.waitForText('notice-strips', '.recorded', /Press Train/); // a busy machine may bring it last
    const plain = await other.layoutShift(); // of that strip, and of what says that there is no GPU
    await other.page.goto('about:blank');
    await other.page.goto(prepared);
    await other.waitForText('lab-page', '.prepared', /From your teacher: Guess first!/);
    await other.waitForText('own-text', 'section', /text of your teacher/);
    await other.waitForText('prediction-panel', '.figure', /\d/);
    expect(await other.layoutShift()).toBeLessThan(plain + 0.1);
    await other.waitForText('room-tabs', 'nav', /Compare\s+Kernels/);
    await other.find('form-field', 'input[disabled]');
    expect(await (await other.find('lab-page', 'run-files')).evaluate((part) => part.checkVisibility())).toBe(
      false,
    );
    await other.waitForText('run-controls', '.status', /^Ready/);
    await dropText(other, 'mine.txt');
    await other.waitForText(
      'problem-list',
      '.list',
      /Your teacher fixed this experiment.*text to train on stays/,
    );
    await other.click('run-controls', 'button', 'Train');
    await other.waitForText('run-controls', '.status', /Finished step 20 of 20/);
    await other.click('run-controls', 'button', 'Train on');
    await other.waitForText('problem-list', '.list', /That would change Steps/i);
    await other.click('problem-list', 'button', 'Leave the prepared experiment');
    await other.find('form-field', 'input:not([disabled])');
    await other.waitForText('room-tabs', 'nav', /Costs/);
    expect(new URL(other.page.url()).searchParams.get('class')).toBeNull();
    await other.page.goto('about:blank'); // else only the part behind # would change
    await other.page.goto(prepared.replace(/#.*/, '').slice(0, -4));
    await other.waitForText('problem-list', '.problem', /teacher’s link is damaged.*The whole page is shown/);
    await other.waitForText('room-tabs', 'nav', /Costs/);
    expect(other.troubles).toEqual([]);
    await other.page.close();
  });

  it('opens a lesson of the teacher’s own from its file, runs it, and gives a link that carries it', async () => {
    const file = join(createFolder(), 'my.json');
    writeFileSync(file, JSON.stringify(ownLessonFile));
    await student.page.bringToFront();
    await student.click('share-dialog', 'button', 'Close');
    await student.click('room-tabs', 'a', 'Lessons');
    const picker = (await student.find(
      'room-lessons',
      'input[type=file]',
    )) as ElementHandle<HTMLInputElement>;
    await picker.uploadFile(file);
    await student.waitForText('room-lessons', 'article h1', /^How low\?$/);
    expect(await student.text('room-lessons', '.prose')).toContain('<script>alert(1)</script>');
    await student.click('room-lessons', 'label', /^Small form/);
    const guess = (await student.find(
      'lesson-guess',
      'input[type=number]',
    )) as ElementHandle<HTMLInputElement>;
    await guess.type('3');
    await student.click('lesson-guess', 'button', 'This is my guess');
    await student.click('room-lessons', 'article button', 'Run it');
    await student.waitForText('lesson-outcome', '[aria-labelledby=checks]', /1 of 1 hold/);
    await student.click('room-tabs', 'a', 'Class');
    await student.waitForText('class-student', 'ul', /How low\?.*you guessed 3, it was/);
    await student.click('room-tabs', 'a', 'Lessons');
    await student.click('room-lessons', 'button', 'Forget this lesson');
    await student.waitForText('room-lessons', 'nav [role=status]', /“How low\?” is forgotten/);
    await student.click('room-lessons', 'button', 'Undo');
    await student.waitForText('room-lessons', 'article h1', /^How low\?$/);
    expect(student.troubles).toEqual([]);
    const link = encodeLink({
      version: 1,
      lesson: JSON.stringify(ownLessonFile),
      place: 'lessons',
      hide: [],
      lock: [],
    });
    const fresh = await openProfile();
    const other = await attach(await fresh.newPage());
    await other.page.goto(`${address()}?class=${link}#lessons`);
    await other.waitForText('room-lessons', 'nav', /How low\?/);
    expect(other.troubles).toEqual([]);
    await fresh.close();
  });
});
