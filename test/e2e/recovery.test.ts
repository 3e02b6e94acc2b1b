// What the page says and saves when a run goes wrong: a loss that diverges, and a GPU that is lost.
import type { Browser, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, launchBrowser } from '../browser.ts';
import { enter } from './clicks.ts';
import { openPage, type PageDriver, tinyQuery } from './page-driver.ts';

describeBrowser('the page when a run goes wrong', () => {
  let browser: Browser;
  let lab: PageDriver;
  beforeAll(async () => {
    browser = await launchBrowser();
    const wild = new URLSearchParams(tinyQuery);
    wild.set('train.optimizer.learningRate', '10');
    wild.set('train.schedule.warmupSteps', '0');
    wild.set('train.clip', '0');
    lab = await openPage(browser, wild.toString());
  });
  afterAll(() => browser.close());

  const learningRate = async (): Promise<ElementHandle<HTMLInputElement>> => {
    const details = await lab.find('experiment-form', 'details.group:nth-of-type(2)');
    await details.evaluate((group) => {
      (group as HTMLDetailsElement).open = true;
    });
    const handle = await details.evaluateHandle((group) => {
      const fields = [...group.querySelectorAll('form-field')] as (Element & {
        readonly field: { path: string };
      })[];
      const found = fields.find(({ field }) => field.path === 'train.optimizer.learningRate');
      const input = found?.shadowRoot?.querySelector('input');
      if (!input) throw new Error('the learning rate has no input');
      return input;
    });
    return handle.asElement() as ElementHandle<HTMLInputElement>;
  };

  it('stops a run whose loss diverges, says at which step, and offers a lower learning rate', async () => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('problem-list', '.problem', /step \d+/);
    await lab.waitForText('run-controls', '.status', /^Diverged/);
    await lab.click('problem-list', 'button', 'Halve the learning rate');
    const input = await learningRate();
    await expect.poll(() => input.evaluate(({ value }) => value)).toBe('5');
    await lab.waitForText('problem-list', '.list', /^$/);
  });

  it('keeps what was saved when the GPU is lost, and goes on from there', async () => {
    const input = await learningRate();
    await enter(input, '0.001');
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step/);
    await lab.waitForText('run-files', 'p[aria-live]', /Saved in this browser at step \d+/);
    // Without a prediction there is nothing that a bar could be measured against.
    await lab.waitForText('throughput-gauge', '.big', /^\d/);
    expect(await lab.text('throughput-gauge', '.scale')).toBe('no prediction yet');
    const gauge = await lab.find('throughput-gauge', 'section');
    expect(await gauge.evaluate((panel) => panel.querySelector('svg:has(.measured)'))).toBeNull();
    const session = await browser.target().createCDPSession();
    await session.send('Browser.crashGpuProcess').catch(() => undefined); // The answer may be lost with the process.
    const said = await lab.waitForText('problem-list', '.problem', /The GPU was lost/);
    expect(said).toMatch(/saved in this browser up to step \d+/);
    expect(await lab.text('problem-list', 'details')).toMatch(/^Details /); // where the driver's own sentence stands
    // The curve came back with the GPU process, before any step draws it anew.
    const chart = await lab.find('loss-chart', 'loss-plot');
    const ink = () =>
      chart.evaluate((plot) => {
        const drawn = plot.shadowRoot?.querySelector('canvas');
        const pixels = drawn?.getContext('2d')?.getImageData(0, 0, drawn.width, drawn.height).data ?? [];
        return pixels.filter((value, index) => index % 4 === 3 && value > 200).length;
      });
    await expect.poll(ink).toBeGreaterThan(500);
    await lab.click('problem-list', 'button', 'Continue from the last save');
    await lab.waitForText('run-controls', '.status', /Training step/);
    const [, saved = ''] = /up to step (\d+)/.exec(said) ?? [];
    const shown = async (): Promise<number> =>
      Number(
        (/step ([\d,]+) of/.exec(await lab.text('run-controls', '.status'))?.[1] ?? '').replaceAll(',', ''),
      );
    await expect.poll(shown).toBeGreaterThan(Number(saved));
    // The keys work while a button has the focus: that which was pressed to pause.
    await lab.click('run-controls', 'button', 'Pause');
    await lab.waitForText('run-controls', '.status', /^Paused/);
    const paused = await shown();
    await lab.page.keyboard.press('s');
    await expect.poll(shown).toBe(paused + 1);
  });
});
