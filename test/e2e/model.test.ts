// The room of the model as a person uses it: look, open blocks, click a part, see the kernels behind it, read it as a table.
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { findViolations } from './axe.ts';
import { openPage, type PageDriver } from './page-driver.ts';

const query = new URLSearchParams({
  v: '1',
  preset: 'mixtral-mini',
  'model.layers': '2',
  'model.width': '32',
  'model.context': '32',
  'train.batch': '4',
  'data.characters': '20000',
}).toString();

describeBrowser('the room of the model', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  beforeAll(async () => {
    profile = await openProfile();
    lab = await openPage(profile, `${query}#model`);
  });
  afterAll(() => profile.close());

  /** Clicks a part of the drawing: it may lie below what is on display, where a mouse cannot reach. */
  const press = async (label: RegExp): Promise<void> => {
    const part = await lab.find('model-diagram', '[role=button]', label);
    await part.evaluate((button) => button.dispatchEvent(new MouseEvent('click')));
  };
  const parts = async (): Promise<string[]> => {
    const drawing = await lab.find('model-diagram', 'svg');
    return drawing.evaluate((svg) =>
      [...svg.querySelectorAll('[role=button]')].map(
        (part) => part.querySelector('title')?.textContent ?? '',
      ),
    );
  };

  it('draws the model of the form, without a run', async () => {
    await lab.find('model-diagram', '[role=button]', /^Embedding/);
    const names = (await parts()).join('\n');
    expect(names).toMatch(/Router 2 of 8, by softmax, layers 0–1: [\d.]+.% of the step’s flops/);
    expect(names).toMatch(/8 experts .*, layers 0–1/);
    expect(await lab.text('run-controls', '.status')).toBe('Ready');
  });

  it('shows the kernels behind a part that is clicked', async () => {
    await press(/^Attention/);
    await lab.waitForText('model-part', 'h2', /^Attention$/);
    const kernels = (): Promise<string> =>
      lab.page.evaluate(() => {
        const room = document.querySelector('lab-page')?.shadowRoot?.querySelector('room-model')?.shadowRoot;
        const panel = room?.querySelector('model-part')?.shadowRoot?.querySelector('figure-panel');
        return panel?.shadowRoot?.querySelector('table')?.textContent ?? '';
      });
    await expect.poll(kernels).toMatch(/attention\.forward[\s\S]*attention\.queries[\s\S]*All/);
    expect(await kernels()).not.toMatch(/groupedMatmul/);
    await press(/^8 experts/);
    await expect.poll(kernels).toMatch(/groupedMatmul/);
  });

  it('draws layers one by one, and opens one', async () => {
    await press(/^Draw layers 0–1 one by one/);
    await lab.find('model-diagram', '[role=button]', /^Open Layer 1/);
    expect((await parts()).filter((name) => name.startsWith('Router'))).toEqual([]);
    await press(/^Open Layer 1/);
    await lab.find('model-diagram', '[role=button]', /^Router .*, layer 1:/);
    await press(/^Layer 1:/);
    await lab.waitForText('model-part', 'h2', /^Layer 1$/);
    await press(/^Draw layers 0–1 together/);
    await lab.find('model-diagram', '[role=button]', /^Router .*, layers 0–1:/);
  });

  it('goes by the keyboard, in the order of the flow', async () => {
    const embedding = await lab.find('model-diagram', '[role=button]', /^Embedding/);
    await embedding.evaluate((part) => (part as SVGGElement).focus());
    for (let presses = 0; presses < 3; presses += 1) await lab.page.keyboard.press('ArrowDown');
    await lab.page.keyboard.press('Tab');
    await lab.page.keyboard.press('Tab');
    await lab.page.keyboard.press('Enter');
    await lab.waitForText('model-part', 'h2', /^Queries, keys, values$/);
  });

  it('colours by parameters, and follows the form', async () => {
    const shading = (await lab.find('room-model', 'select')) as ElementHandle<HTMLSelectElement>;
    await shading.select('parameters');
    await lab.waitForText('model-diagram', 'svg', /of the parameters/);
    await lab.page.evaluate(() => {
      location.hash = '#train';
    });
    const picker = (await lab.find('preset-picker', 'select, input')) as ElementHandle<HTMLElement>;
    expect(picker).toBeDefined();
    const width = (await lab.find('form-field', 'input')) as ElementHandle<HTMLInputElement>;
    await width.evaluate((input) => {
      input.value = '3';
      input.dispatchEvent(new Event('input', { bubbles: true }));
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await lab.page.evaluate(() => {
      location.hash = '#model';
    });
    await lab.find('model-diagram', '[role=button]', /layers 0–2/);
  });

  it('reads as a table', async () => {
    await lab.click('figure-panel', 'label.check input');
    await lab.waitForText('figure-panel', 'table', /Active parameters.*Embedding.*Router.*Update/);
  });

  it.each([
    ['light', 1500],
    ['dark', 360],
  ] as const)('has nothing for axe to find in %s at %d pixels', async (scheme, width) => {
    await lab.page.setViewport({ width, height: 900 });
    await lab.page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    expect(await findViolations(lab.page)).toEqual([]);
    expect(await lab.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
  });

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
