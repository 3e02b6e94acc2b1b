// The room Serving: batches served in the page, their figures and prices, and a run of batches that is cancelled.
import type { BrowserContext } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { onProcessor, openPage, type PageDriver, tinyQuery } from './page-driver.ts';

describeBrowser('the room Serving', () => {
  let profile: BrowserContext;
  let lab: PageDriver;

  beforeAll(async () => {
    profile = await openProfile();
    lab = await openPage(profile, tinyQuery, undefined, onProcessor);
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    await lab.click('room-tabs', 'a', 'Serving');
    await lab.waitForText('room-serving', 'section', /reads every weight once for all of them/);
  });
  afterAll(async () => {
    await profile.close();
  });

  const setNumber = async (label: string, value: string): Promise<void> => {
    const field = await lab.find('room-serving', 'section');
    await field.evaluate(
      (section, wanted, text) => {
        const found = [...section.querySelectorAll('label')].find((one) => one.textContent?.includes(wanted));
        const input = found?.querySelector('input');
        if (!input) throw new Error(`there is no field ${wanted}`);
        input.value = text;
        input.dispatchEvent(new Event('change'));
      },
      label,
      value,
    );
  };

  const choose = async (label: string, value: string): Promise<void> => {
    const field = await lab.find('room-serving', 'section');
    await field.evaluate(
      (section, wanted, choice) => {
        const found = [...section.querySelectorAll('label')].find((one) => one.textContent?.includes(wanted));
        const select = found?.querySelector('select');
        if (!select) throw new Error(`there is no choice ${wanted}`);
        select.value = choice;
        select.dispatchEvent(new Event('change'));
      },
      label,
      value,
    );
  };

  const headings = (): Promise<readonly (string | null)[]> =>
    lab.page.evaluate(() => {
      const roots = [...document.querySelectorAll('*')].flatMap(({ shadowRoot }) => shadowRoot ?? []);
      const room = roots.map((root) => root.querySelector('room-serving')).find((one) => one);
      return [...(room?.shadowRoot?.querySelectorAll('figure-panel') ?? [])].map((one) =>
        one.getAttribute('heading'),
      );
    });

  it('shows on a first visit what was recorded elsewhere, and says so', async () => {
    await lab.waitForText(
      'room-serving',
      '.recorded',
      /^Recorded, not of this device: Small Llama.* parameters, in f32 and in int8\) on a software GPU/,
    );
    expect(await headings()).toEqual(['Recorded: tokens per second', 'Recorded: between tokens of one text']);
  });

  it('serves batches, and says their rate, their waits and their price', async () => {
    await setNumber('Prompt', '4');
    await setNumber('Output', '6');
    await setNumber('Repeats', '1');
    await choose('Keys and values', 'int8');
    await lab.click('room-serving', 'button.primary', 'Serve');
    await lab.waitForText('room-serving', '.prices', /16/);
    await lab.waitForText('room-serving', 'section', /reads every weight once for all of them/);
    expect(await lab.text('room-serving', '.prices')).toMatch(/Batch.*Press, capital/s);
    await expect.poll(() => lab.text('room-serving', '.recorded')).toBe('');
    expect(await headings()).toEqual(['Tokens per second', 'Waiting']);
    const plot = await lab.find('svg-plot', 'svg');
    expect(
      await plot.evaluate((drawing) => drawing.querySelectorAll('.mark, circle').length),
    ).toBeGreaterThan(0);
  });

  it('says which texts are too long for the model, in its words', async () => {
    await setNumber('Output', '8000');
    await lab.click('room-serving', 'button.primary', 'Serve');
    await lab.waitForText('problem-list', '.list', /asked[\s\S]*8,?004, more than the context of/);
    expect(await lab.text('problem-list', '.list')).not.toMatch(/trained on|Choose another text/);
  });

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
