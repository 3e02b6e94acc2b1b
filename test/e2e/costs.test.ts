// The room of costs as a person uses it: picks models, moves sliders, gives impossible numbers, reads plots, saves files.
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { createFolder } from '../folders.ts';
import { findViolations } from './axe.ts';
import { clickOn, enter } from './clicks.ts';
import { drawnTexts } from './clipped.ts';
import { downloadOf } from './downloads.ts';
import { openPage, type PageDriver } from './page-driver.ts';

describeBrowser('the room of costs', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  const folder = createFolder();

  beforeAll(async () => {
    profile = await openProfile(false); // nothing here needs one
    lab = await openPage(profile, '#costs');
  });
  afterAll(async () => {
    await profile.close();
  });

  /** Text of the figure panel with this heading: it and its table are in shadow trees of their own. */
  const panel = (heading: string): Promise<string> =>
    lab.page.evaluate((wanted) => {
      const seek = (root: Document | ShadowRoot): Element | undefined => {
        for (const candidate of root.querySelectorAll('*')) {
          if (candidate.localName === 'figure-panel' && candidate.getAttribute('heading') === wanted)
            return candidate;
          const found = candidate.shadowRoot && seek(candidate.shadowRoot);
          if (found) return found;
        }
        return undefined;
      };
      const rows = [...(seek(document)?.shadowRoot?.querySelectorAll('tr') ?? [])];
      return rows
        .map((row) =>
          [...row.children].map(({ textContent }) => textContent?.replace(/\s+/g, ' ').trim()).join(' | '),
        )
        .join('\n');
    }, heading);

  const summary = (pattern: RegExp): Promise<string> => lab.waitForText('room-costs', '.figures', pattern);

  /** The box or slider of the field with this label. */
  const control = async (label: string, kind: 'text' | 'range'): Promise<ElementHandle<HTMLInputElement>> => {
    const field = await lab.find('costs-setup', 'costs-field');
    const handle = await field.evaluateHandle(
      (first, name, type) => {
        const root = first.getRootNode() as ShadowRoot;
        const fields = [...root.querySelectorAll('costs-field')] as (Element & { readonly label: string })[];
        const found = fields.find((candidate) => candidate.label === name);
        return found?.shadowRoot?.querySelector(`input[type=${type}]`) ?? null;
      },
      label,
      kind,
    );
    const element = handle.asElement();
    if (element === null) throw new Error(`costs: no field ${label}.`);
    return element as ElementHandle<HTMLInputElement>;
  };

  const type = async (label: string, text: string): Promise<void> => {
    const box = await control(label, 'text');
    await enter(box, text);
  };

  const problemOf = async (label: string): Promise<string> =>
    (await control(label, 'text')).evaluate(
      (box) => (box.getRootNode() as ShadowRoot).querySelector('#problem')?.textContent ?? '',
    );

  it('opens with case A and what the paper prints for it', async () => {
    await summary(/6\.71.G.*1\.46×10¹³.*2\.70×10²¹.*0\.285.*\$2,698/);
    expect(lab.troubles).toEqual([]);
  });

  it('fills the sliders with the ends of case D, and prints its column', async () => {
    await lab.click('costs-setup', 'button', 'Case D high');
    await summary(/776.G.*4\.10×10¹⁷.*9\.44×10²⁵.*9,968.*\$94\.4M/);
    expect(await (await control('Context', 'text')).evaluate(({ value }) => value)).toBe('200000');
    const table = await panel('Press’s Table 3, live');
    expect(table).toMatch(
      /Time on one GPU \| GPU-years \| 9,968 \| 0\.285 \| 5\.20 \| 213 \| 1,758 \| 9,968/,
    );
  });

  it('fills them with a published model and says how it differs from Press’s shape', async () => {
    const choice = (await lab.find('costs-setup', '#published')) as ElementHandle<HTMLSelectElement>;
    await choice.select('llama-3-8b');
    await lab.waitForText('costs-setup', '.note', /Llama 3 8B has 8\.03.G parameters.*8 key\/value heads/);
    expect(await (await control('Width', 'text')).evaluate(({ value }) => value)).toBe('4096');
    expect(lab.page.url()).toMatch(/#costs\/llama-3-8b$/);
    expect(await panel('Flops per token, by convention')).toMatch(/llm\.c.*8,030,261,248/);
  });

  it('follows a slider under the keyboard', async () => {
    await lab.click('costs-setup', 'button', 'Case A');
    await summary(/6\.71.G/);
    const slider = await control('Layers', 'range');
    await slider.focus();
    for (let presses = 0; presses < 8; presses += 1) await lab.page.keyboard.press('ArrowRight');
    await summary(/13\.\d.G/); // an octave: twice the layers
    expect(await (await control('Layers', 'text')).evaluate(({ value }) => value)).toBe('64');
  });

  it('refuses the impossible beside the field, and keeps the figures', async () => {
    await lab.click('costs-setup', 'button', 'Case A');
    await summary(/6\.71.G/);
    await type('Context', '0');
    expect(await problemOf('Context')).toMatch(/impossible: 0\. Give 1 or more/);
    await type('Rate of one GPU', '0');
    expect(await problemOf('Rate of one GPU')).toMatch(/peak is impossible: 0/);
    await type('Price of a GPU-year', '-5');
    expect(await problemOf('Price of a GPU-year')).toMatch(/impossible: -5 dollars/);
    await type('Tokens per parameter', 'plenty');
    expect(await problemOf('Tokens per parameter')).toMatch(/“plenty” is no number/);
    await summary(/6\.71.G.*2\.70×10²¹.*\$2,698/);
  });

  it('counts in multiply-adds or in flops, and follows other assumptions', async () => {
    await lab.click('costs-setup', 'label', 'two \\(flops\\)');
    await summary(/5\.40×10²¹ ?flops of training/);
    await type('Rate of one GPU', '1200T');
    await summary(/0\.142/); // half of 0.285 GPU-years
    await lab.click('costs-setup', 'button', 'Press’s');
    await lab.click('costs-setup', 'label', 'one \\(mult-adds\\)');
    await summary(/2\.70×10²¹.*0\.285/);
  });

  it('reads a plot out under the arrow keys', async () => {
    const plot = await lab.find('svg-plot', 'svg');
    await plot.evaluate((drawing) => (drawing as SVGSVGElement).focus());
    await lab.page.keyboard.press('End');
    await lab.waitForText(
      'svg-plot',
      'output',
      /forward, full context · context n, tokens 1\.05×10⁶ · mult-adds/,
    );
    await lab.page.keyboard.press('ArrowDown');
    await lab.waitForText('svg-plot', 'output', /its matrices/);
  });

  it('shows the plot against another size, and as a table', async () => {
    await lab.click('costs-growth', 'label', 'width d');
    expect(await panel('Work against width')).toBe('');
    const handle = await lab.find('costs-growth', 'figure-panel');
    await handle.evaluate((figure) => figure.shadowRoot?.querySelector<HTMLInputElement>('input')?.click());
    await expect
      .poll(() => panel('Work against width'))
      .toMatch(/width d, channels \| forward, full context/);
  });

  it('says what it would cost here once a peak is given', async () => {
    const fields = await lab.find('costs-device', 'costs-field');
    const box = await fields.evaluateHandle((field) => field.shadowRoot?.querySelector('input') ?? null);
    await enter(box as ElementHandle<HTMLInputElement>, '20T');
    // 2.86e21 multiply-adds at 40 % of 10e12: 7.1e8 s.
    await lab.waitForText('costs-device', '.figures', /8,2\d\d days.*kWh.*for energy.*2\.86×10²¹/);
  });

  it('begins with the experiment of the Train room, follows it, and says whether it fits', async () => {
    await lab.click('costs-setup', 'button', 'Your experiment');
    await lab.waitForText('costs-setup', '.note', /Your experiment has .*parameters by its plans/);
    expect(await panel('Flops per token, by convention')).toMatch(/plan \|/);
    await lab.waitForText('costs-device', '[data-fits]', /no GPU here to ask/); // this browser has none
    await lab.waitForText('costs-device', '#rule', /Summed from the experiment’s plans/);
    await lab.click('costs-setup', 'button', 'Case A');
    await lab.waitForText('costs-device', '#rule', /The rule: float32 weights/);
    await summary(/6\.71.G/);
  });

  /** What a button of a figure saves. */
  const save = async (label: string): Promise<string> => {
    const button = await lab.page.evaluateHandle((name) => {
      const seek = (root: Document | ShadowRoot): Element | undefined => {
        for (const candidate of root.querySelectorAll('*')) {
          if (candidate.getAttribute('aria-label') === name) return candidate;
          const found = candidate.shadowRoot && seek(candidate.shadowRoot);
          if (found) return found;
        }
        return undefined;
      };
      return seek(document) ?? null;
    }, label);
    const press = () => expect.poll(() => clickOn(button as ElementHandle<Element>)).toBe(true);
    const saved = await downloadOf(profile, folder, press);
    return saved.text;
  };

  it('saves Table 3 with all digits', async () => {
    const csv = await save('Save “Press’s Table 3, live” as CSV');
    expect(csv.split('\r\n', 2)).toEqual([
      'Quantity,Unit,This model,A,B,C,D low,D high',
      expect.stringMatching(/^Parameters,values,6705119232,6705119232,/),
    ]);
  });

  it('draws in the colours of the scheme, whenever that changes', async () => {
    const line = await lab.find('svg-plot', 'path.line');
    const colour = () => line.evaluate((path) => getComputedStyle(path).stroke);
    const light = await colour();
    await lab.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await expect.poll(colour).not.toBe(light);
    await lab.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    await expect.poll(colour).toBe(light);
  });

  it('keeps the files of every figure on the line of its heading at 1366 pixels, and cuts off no label', async () => {
    await summary(/\d/);
    await lab.page.setViewport({ width: 1366, height: 768 });
    const heights = await lab.page.evaluate(() => {
      const panels: Element[] = [];
      const collect = (root: Document | ShadowRoot): void => {
        for (const element of root.querySelectorAll('*')) {
          if (element.localName === 'figure-panel') panels.push(element);
          if (element.shadowRoot) collect(element.shadowRoot);
        }
      };
      collect(document);
      const heads = panels.map(
        (panel) => panel.shadowRoot?.querySelector('.head')?.getBoundingClientRect().height ?? 0,
      );
      return heads.filter((height) => height > 0);
    });
    expect(heights.length).toBeGreaterThan(10);
    expect(Math.max(...heights)).toBeLessThan(40);
    for (const width of [1366, 360]) {
      await lab.page.setViewport({ width, height: 768 });
      await expect.poll(async () => (await drawnTexts(lab.page)).clipped).toEqual([]);
      expect((await drawnTexts(lab.page)).texts).toContain('Qwen3 235B-A22B');
    }
    await lab.page.setViewport({ width: 1500, height: 1000 });
  });

  it('saves a plot as a drawing that stands alone', async () => {
    const text = await save('Save “Compute-optimal N and D” as SVG');
    expect(text).toMatch(/^<\?xml version="1\.0"[^>]*\?>\s*<svg /);
    expect(text).not.toMatch(/var\(--|class=|style=|<script|on\w+=/);
    expect(text).toMatch(/<text[^>]*fill="#[0-9a-f]{6}"[^>]*>[^<]*loss L\(N, D\), nats per token<\/text>/);
    expect(text).toMatch(/<path[^>]*stroke="#[0-9a-f]{6}"/);
    // A browser reads it as an image, and finds something drawn.
    const hasColours = await lab.page.evaluate(async (source) => {
      const image = new Image();
      image.src = `data:image/svg+xml,${encodeURIComponent(source)}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d');
      context?.drawImage(image, 0, 0);
      const pixels = context?.getImageData(0, 0, image.width, image.height).data ?? [];
      const colours = new Set<number>();
      for (let at = 0; at < pixels.length; at += 4)
        colours.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
      return colours.size;
    }, text);
    expect(hasColours).toBeGreaterThan(20);
    expect(lab.troubles).toEqual([]);
  });

  it('is still there after a reload', async () => {
    await expect.poll(() => lab.page.evaluate(() => location.hash)).toMatch(/^#costs/);
    await lab.page.reload();
    await summary(/6\.71.G/);
  });

  it.each([
    ['light', 1500],
    ['dark', 360],
  ] as const)('has nothing for axe to find in %s at %d pixels', async (scheme, width) => {
    await lab.page.setViewport({ width, height: 900 });
    await lab.page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' }, // colours change at once
    ]);
    expect(await findViolations(lab.page)).toEqual([]);
    expect(await lab.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
  });
});
