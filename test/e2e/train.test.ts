// The whole way through the page on a software GPU: open, train, pause, step, sample, save, reload, go on.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Browser, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, launchBrowser } from '../browser.ts';
import { createFolder } from '../folders.ts';
import { keepCheckedKernels } from './checked-kernels.ts';
import { enter } from './clicks.ts';
import { type Download, downloadOf } from './downloads.ts';
import { openPage, type PageDriver, tinyQuery } from './page-driver.ts';

/** Puppeteer's switches that keep hidden tabs as fast as visible ones, which a visitor's browser does not. */
const throttleSwitches = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** The step that the page shows. */
async function stepOf(lab: PageDriver): Promise<number> {
  const [, step = '0'] = /step ([\d,]+) of/.exec(await lab.text('run-controls', '.status')) ?? [];
  return Number(step.replaceAll(',', ''));
}

/** The loss that the page shows. */
async function lossOf(lab: PageDriver): Promise<number> {
  return Number(await lab.text('run-readouts', '#loss'));
}

describeBrowser('the page', () => {
  let browser: Browser;
  let lab: PageDriver;
  const downloads = { model: '', checkpoint: '' };
  const folder = createFolder();

  beforeAll(async () => {
    browser = await launchBrowser({ ignoreDefaultArgs: throttleSwitches });
    // Measured first, on the GPU by choice: a software GPU would be compared with the processor.
    const kept = { 'flopscope-level': 'everything', 'flopscope-runtime': 'gpu' };
    lab = await openPage(browser, tinyQuery, undefined, kept);
  });
  afterAll(async () => {
    await browser.close();
  });

  /** What a button gives. */
  const download = (label: string, element = 'run-files'): Promise<Download> =>
    downloadOf(browser.defaultBrowserContext(), folder, () => lab.click(element, 'button', label));

  /** Gives files to the picker of an element. */
  const upload = async (element: string, ...paths: string[]): Promise<void> => {
    const input = await lab.find(element, 'input[type=file]');
    await (input as ElementHandle<HTMLInputElement>).uploadFile(...paths);
  };

  it('shows the device, the settings of the address and their costs, and starts nothing', async () => {
    await lab.waitForText('lab-header', '.badge', /swiftshader.*not checked yet/);
    await lab.waitForText('preset-picker', '.difference', /layers 4→1, width 96→32/);
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    await lab.waitForText('notice-strips', '.recorded', /Replay/); // a stop of the keyboard
    expect(await lab.text('run-controls', '.status')).toBe('Ready');
    expect(await lab.text('run-controls', '.promise')).toMatch(
      /checks this device, measures it, predicts its pace/,
    );
  });

  it('has Train among the first stops of the keyboard, one for all rooms before it', async () => {
    const stops: string[] = [];
    for (let stop = 0; stop < 8; stop++) {
      await lab.page.keyboard.press('Tab');
      const focused = await lab.page.evaluate(() => {
        let active = document.activeElement;
        while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
        return active?.textContent?.replace(/\s+/g, ' ').trim();
      });
      stops.push(focused ?? '');
    }
    expect(stops.slice(0, 3)).toEqual(['Take the tour', 'Essentials', 'Everything']);
    expect(stops.slice(4)).toEqual(['Train', 'Replay', 'details', 'Train']); // the room's tab, the recording, the button
  });

  it('says what a setting means while it has the keyboard', async () => {
    const help = await lab.find('form-field', '#help');
    const height = () => help.evaluate((text) => text.getBoundingClientRect().height);
    expect(await height()).toBeLessThan(2);
    await (await lab.find('form-field', '#control')).focus();
    expect(await height()).toBeGreaterThan(10);
  });

  it('copies the link to the experiment, or shows it where there is no clipboard', async () => {
    await lab.click('copy-link', 'button', 'Copy the link to this experiment');
    await lab.waitForText('copy-link', '[role=status]', /^Copied\.$|model\.layers=1.*#train$/);
  });

  it('checks the kernels and trains when Train is pressed', async () => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step/);
    expect(await lab.text('lab-header', '.badge')).toMatch(/\d+ kernels agree/);
    expect(await lab.text('device-panel', '.note')).toMatch(/software renderer/);
    await lab.waitForText('run-readouts', '#loss', /^\d/);
    expect(await lab.layoutShift()).toBeLessThan(0.1);
    await keepCheckedKernels(lab.page);
  });

  it('lets the loss fall, draws it, and shows the pace', async () => {
    await lab.waitForText('loss-chart', '.legend', /validation \d\.\d+/);
    await lab.waitForText('throughput-gauge', '#measured', /^\d/);
    await lab.waitForText('throughput-gauge', '.scale', /predicted .*quickly .*measured is \d/);
    expect(await lab.text('prediction-panel')).toMatch(/A quick estimate .* Calibrate in full/);
    await lab.waitForText('throughput-gauge', '.split', /GPU \d/);
    await lab.waitForText('sample-list', '.beside', /step 0.*step [1-9]/);
    await expect.poll(() => lossOf(lab)).toBeLessThan(3);
    const canvas = await lab.find('loss-chart', 'loss-plot');
    const ink = await canvas.evaluate((plot) => {
      const drawn = plot.shadowRoot?.querySelector('canvas');
      const pixels = drawn?.getContext('2d')?.getImageData(0, 0, drawn.width, drawn.height).data ?? [];
      return pixels.filter((value, index) => index % 4 === 3 && value > 200).length;
    });
    expect(ink).toBeGreaterThan(500);
    expect(await lab.page.title()).toMatch(/loss \d\.\d+ · Flopscope/);
  });

  it('pauses with the space bar, steps with s, and resumes with the button', async () => {
    await lab.click('lab-page', 'footer');
    await lab.page.keyboard.press('Space');
    await lab.waitForText('run-controls', '.status', /Paused/);
    const paused = await stepOf(lab);
    await lab.page.keyboard.press('s');
    await lab.waitForText(
      'run-controls',
      '.status',
      new RegExp(`step ${(paused + 1).toLocaleString('en-US')} of`),
    );
    await lab.click('run-controls', 'button', 'Step');
    await lab.waitForText(
      'run-controls',
      '.status',
      new RegExp(`step ${(paused + 2).toLocaleString('en-US')} of`),
    );
    await lab.click('run-controls', 'button', 'Resume');
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(paused + 3);
  });

  it('writes text on request while it trains', async () => {
    const tokens = await lab.find('sampler-box', '.numbers input');
    await enter(tokens, '24');
    await lab.click('sampler-box', 'button', 'Write');
    await lab.waitForText('sampler-box', 'form', /24 tokens: prefill .* decode/);
    expect(await lab.text('sampler-box', 'output')).toMatch(/^Once/);
    await lab.waitForText('run-controls', '.status', /Training/);
  });

  it('shows how sure it is of the next token, and what the dials make of that', async () => {
    await lab.click('sampler-box', 'button', /^What comes next/);
    await lab.waitForText('next-tokens', 'caption', /After step \d+, the likeliest of \d+ tokens/);
    const share = async () => lab.text('next-tokens', 'tbody .number');
    const before = await share();
    await (await lab.find('sampler-box', '.dials input', 'Top k')).focus();
    await lab.page.keyboard.press('ArrowRight'); // one token is left
    await lab.waitForText('next-tokens', 'tbody .number', /^100 ?%$/);
    expect(before).not.toMatch(/^100 ?%$/);
    const prompt = () =>
      lab
        .find('sampler-box', 'textarea')
        .then((text) => text.evaluate((box) => (box as HTMLTextAreaElement).value));
    const length = (await prompt()).length;
    await lab.click('next-tokens', 'tbody button');
    await expect.poll(async () => (await prompt()).length).toBeGreaterThan(length);
    // A text that was edited since has another next token, which nobody has asked for.
    await expect.poll(() => lab.text('next-tokens', 'caption')).not.toMatch(/as it was/);
    await enter(await lab.find('sampler-box', 'textarea'), 'Once upon');
    await lab.waitForText('next-tokens', 'caption', /after your text as it was\. It has changed/);
    await (await lab.find('next-tokens', 'tbody button')).evaluate((token) => (token as HTMLElement).click());
    expect(await prompt()).toBe('Once upon');
    await lab.page.keyboard.press('Tab');
  });

  it('shows the plan of a step with predicted costs', async () => {
    await lab.click('kernel-table', 'button', 'Show the plan');
    await lab.waitForText('kernel-table', 'tbody:last-child', /Whole step \d+ dispatches/);
    await lab.click('kernel-table', 'tbody button', /matmul/);
    await lab.waitForText('kernel-table', 'tr.one', /^\d+ /);
    // No cell is cut off or left empty, and the groups say what bounds them.
    const table = await lab.find('kernel-table', 'table');
    const bad = await table.evaluate((shown) =>
      [...shown.querySelectorAll('tbody:not(:last-child) td')]
        .filter((cell) => cell.scrollWidth > cell.clientWidth || cell.textContent?.trim() === '')
        .map(({ textContent }) => textContent),
    );
    expect(bad).toEqual([]);
  });

  it('says that the form has moved on from the run, and names fields that do not go together', async () => {
    const heads = await lab.find('experiment-form', 'form-field:nth-of-type(3)');
    const input = (
      await heads.evaluateHandle((field) => {
        const control = field.shadowRoot?.querySelector('input');
        if (!control) throw new Error('the heads have no input');
        return control;
      })
    ).asElement() as ElementHandle<HTMLInputElement>;
    await enter(input, '5');
    await lab.waitForText('preset-picker', '.difference.warn', /heads 2→5/);
    await expect
      .poll(() => heads.evaluate((field) => field.shadowRoot?.querySelector('#problem')?.textContent ?? ''))
      .toMatch(/model\.heads: 5 does not divide model\.width 32/);
    await enter(input, '2');
    await expect
      .poll(() => heads.evaluate((field) => field.shadowRoot?.querySelector('#problem')?.textContent ?? ''))
      .toBe('');
  });

  it('belongs to its tab: another sees it, and neither opens nor deletes it', async () => {
    await lab.waitForText('run-files', 'p[aria-live]', /Saved in this browser at step \d+/);
    const second = await openPage(browser, tinyQuery);
    await second.waitForText('notice-strips', '.elsewhere', /Open in another tab: .*saved at step \d+/);
    await expect.poll(() => second.text('notice-strips', '[aria-label="Saved run"]')).toBe('');
    for (const label of [/^Open /, /^Delete /]) {
      const button = await second.find('run-files', 'li button', label);
      expect(await button.evaluate((element) => (element as HTMLButtonElement).disabled)).toBe(true);
    }
    await second.click('notice-strips', '.elsewhere a');
    await second.waitForText('run-list', 'tbody', /in another tab/);
    await second.click('run-list', 'button', /^Show /);
    await second.find('replay-panel', 'section');
    expect(second.troubles).toEqual([]);
    await second.page.close();
    await lab.page.bringToFront();
  });

  it('goes on training while another tab hides it, and catches up when it is back', async () => {
    const before = await stepOf(lab);
    const other = await browser.newPage();
    await other.bringToFront();
    await expect.poll(() => lab.page.evaluate(() => document.visibilityState)).toBe('hidden');
    for (let changes = 0; changes < 2; changes++) {
      const title = await lab.page.title();
      await expect.poll(() => lab.page.title()).not.toBe(title);
    }
    await other.close();
    await lab.page.bringToFront();
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(before + 5);
  });

  it('downloads the model in the layout of other tools, a checkpoint, and a folder that goes on in PyTorch', async () => {
    const model = await download('Download the model');
    downloads.model = model.path;
    const files = unzipSync(model.bytes);
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']));
    expect(JSON.parse(new TextDecoder().decode(files['config.json']))).toMatchObject({
      model_type: expect.any(String),
    });
    const checkpoint = await download('Download a checkpoint');
    downloads.checkpoint = checkpoint.path;
    expect(checkpoint.bytes.byteLength).toBeGreaterThan(100_000);
    const folder = Object.keys(unzipSync((await download('Continue elsewhere')).bytes));
    expect(folder).toEqual(expect.arrayContaining(['train.py', 'model/config.json', 'training.bin']));
  });

  it('asks before steps are lost, offers the saved run after a reload and goes on from there', async () => {
    // Nothing is saved while a run is paused, and nothing between two steps that follow a save.
    await lab.click('run-controls', 'button', 'Pause');
    await lab.waitForText('run-controls', '.status', /^Paused/);
    const savedStep = async (): Promise<number> => {
      const said = await lab.text('run-files', 'p[aria-live]');
      return Number(/at step ([\d,]+)/.exec(said)?.[1]?.replaceAll(',', ''));
    };
    for (let step = await stepOf(lab); step <= (await savedStep()); step++) {
      await lab.click('run-controls', 'button', 'Step');
      await expect.poll(() => stepOf(lab)).toBe(step + 1);
    }
    await lab.page.reload();
    expect(lab.dialogs).toEqual(['beforeunload']);
    const offer = await lab.waitForText(
      'notice-strips',
      '[aria-label="Saved run"]',
      /Continue where you left off\?/,
    );
    const [, saved = ''] = /step ([\d,]+) of 100,000/.exec(offer) ?? [];
    await lab.click('notice-strips', 'button', 'Continue');
    await lab.waitForText('run-controls', '.status', /Training step/);
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(Number(saved.replaceAll(',', '')));
    await lab.waitForText('loss-chart', '.legend', /training \d/);
    await lab.click('run-controls', 'button', 'Stop');
    await lab.waitForText('run-controls', '.status', /Stopped/);
  });

  it('saves the curve as a drawing and as a picture', async () => {
    const svg = await download('Save the loss as SVG', 'loss-chart');
    expect(svg.text).toMatch(/<svg[^>]*>.*training.*validation/s);
    const { bytes: png } = await download('Save the loss as PNG', 'loss-chart');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.byteLength).toBeGreaterThan(5000);
  });

  it('has the right colours on the curve after they were changed in another room', async () => {
    const grid = (): Promise<string> =>
      lab.page.evaluate(() => {
        const find = (root: Document | ShadowRoot): HTMLCanvasElement | undefined => {
          for (const element of root.querySelectorAll('*')) {
            if (element instanceof HTMLCanvasElement) return element;
            const found = element.shadowRoot && find(element.shadowRoot);
            if (found) return found;
          }
          return undefined;
        };
        const canvas = find(document);
        const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        // The colour that most drawn pixels have: the grid's.
        const counts = new Map<string, number>();
        for (let at = 0; at < pixels.length; at += 4) {
          if (pixels[at + 3] !== 255) continue;
          const colour = [pixels[at], pixels[at + 1], pixels[at + 2]].join(' ');
          counts.set(colour, (counts.get(colour) ?? 0) + 1);
        }
        return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
      });
    await expect.poll(grid).not.toBe('');
    const light = await grid();
    await lab.click('room-tabs', 'a', 'Runs');
    const chart = await lab.find('loss-chart', 'loss-plot');
    await expect.poll(() => chart.evaluate((plot) => plot.checkVisibility())).toBe(false);
    await lab.page.evaluate(() => new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)))); // sizes are observed
    await lab.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await lab.click('room-tabs', 'a', 'Train');
    await expect.poll(grid).not.toBe(light);
  });

  it('trains on a text of one’s own, dropped on the page', async () => {
    await lab.page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      const text = 'the cat sat on the mat. the dog sat on the log.\n'.repeat(400);
      dataTransfer.items.add(new File([text], 'mine.txt', { type: 'text/plain' }));
      const drop = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
      document.querySelector('lab-page')?.dispatchEvent(drop);
    });
    await lab.waitForText('own-text', 'section', /mine\.txt: 19,200 characters, 15 different/);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step \d+/);
    await expect.poll(() => lossOf(lab)).toBeLessThan(2.5); // ln 15 = 2.71
    await lab.click('run-controls', 'button', 'Stop');
    await lab.waitForText('run-controls', '.status', /Stopped/);
  });

  it('opens the checkpoint that it gave, at its step, and the model, ready to write', async () => {
    await upload('run-files', downloads.checkpoint);
    await lab.waitForText('run-controls', '.status', /^Paused/);
    await lab.click('run-controls', 'button', 'Step');
    await expect.poll(() => stepOf(lab)).toBeGreaterThan(20);
    await upload('run-files', downloads.model);
    await lab.waitForText('run-controls', '.status', /^Paused step 0 of/);
    await lab.click('sampler-box', 'button', 'Write');
    await lab.waitForText('sampler-box', 'form', /200 tokens: prefill .* decode/);
  });

  it('refuses a file that is no model, and says so', async () => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, 'this is no model');
    await upload('run-files', path);
    await lab.waitForText('problem-list', '.problem', /This file cannot be opened/);
    await lab.click('problem-list', 'button', /^Close/);
    await lab.waitForText('problem-list', '.list', /^$/);
  });

  it('deletes a kept run only when it is said twice', async () => {
    const before = (await lab.text('run-files', 'ul')).length;
    await lab.click('run-files', 'li button', /^Delete /);
    await lab.find('run-files', 'button.keep:focus'); // the page has scrolled to it
    expect((await lab.text('run-files', 'ul')).length).toBeGreaterThanOrEqual(before);
    await lab.click('run-files', 'li button', /^Delete for good/);
    await expect.poll(async () => (await lab.text('run-files', 'ul')).length).toBeLessThan(before);
  });

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
