// The room of kernels as a person uses it: profile, read the figures by mouse and keys, compare, save them as files.
import type { BrowserContext, ElementHandle } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, openProfile } from '../browser.ts';
import { createFolder } from '../folders.ts';
import { findViolations } from './axe.ts';
import { type Download, downloadOf } from './downloads.ts';
import { openPage, type PageDriver, tinyQuery } from './page-driver.ts';

interface Slice {
  readonly ph: string;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
}

describeBrowser('the room of kernels', () => {
  let profile: BrowserContext;
  let lab: PageDriver;
  const folder = createFolder();

  beforeAll(async () => {
    profile = await openProfile();
    lab = await openPage(profile, tinyQuery);
  });
  afterAll(async () => {
    await profile.close();
  });

  /** What a button gives. */
  const download = (element: string, label: string | RegExp): Promise<Download> =>
    downloadOf(profile, folder, () => lab.click(element, 'button', label));

  const choose = async (element: string, selector: string, index: number): Promise<void> => {
    const list = (await lab.find(element, selector)) as ElementHandle<HTMLSelectElement>;
    await list.evaluate((select, chosen) => {
      select.selectedIndex = chosen;
      select.dispatchEvent(new Event('change'));
    }, index);
  };

  /** Puppeteer focuses HTML elements only. */
  const focus = async (element: string): Promise<void> =>
    (await lab.find(element, 'svg')).evaluate((drawing) => (drawing as SVGSVGElement).focus());

  /** What the first plot of the room says that it shows. */
  const points = async (): Promise<number> => {
    const plot = await lab.find('svg-plot', 'svg');
    const label = await plot.evaluate((drawing) => drawing.getAttribute('aria-label') ?? '');
    return Number(/Roofline: (\d+) points/.exec(label)?.[1]);
  };

  it('opens by its tab, starts nothing, and says what it would do', async () => {
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    await lab.click('room-tabs', 'a', 'Kernels');
    await lab.waitForText('room-kernels', 'section', /“Profile” times every dispatch/);
    await lab.waitForText('room-kernels', '.recorded', /^Recorded, not of this device: .*\d+ dispatches/);
    expect(new URL(lab.page.url()).hash).toBe('#kernels');
    expect(await lab.text('run-controls', '.status')).toBe('Ready');
  });

  it('prepares a run and times its step when Profile is pressed', async () => {
    await lab.click('room-kernels', 'button', 'Profile');
    // The shipped recording has such a line too; only one of this device is followed by how to open its trace.
    await lab.waitForText(
      'room-kernels',
      'section',
      /\d+ dispatches; (timestamp|wall)[\s\S]*The trace opens in/,
    );
    expect(await lab.text('run-controls', '.status')).toMatch(/^Paused step 0 of/);
  });

  it('shows kernels as points, reads them out by the keyboard, and splits them by dispatch', async () => {
    const kernels = await points();
    expect(kernels).toBeGreaterThan(5);
    await focus('svg-plot');
    await lab.page.keyboard.press('ArrowRight');
    await lab.waitForText('svg-plot', 'output', /FLOP per byte .* of the step/);
    await choose('roofline-figure', 'select', 2);
    await expect.poll(points).toBeGreaterThan(kernels);
    await lab.click('figure-panel', 'label.check input');
    await lab.waitForText('figure-panel', 'table', /Intensity \(FLOP\/B\)/);
    await choose('roofline-figure', 'select', 0);
  });

  it('shows the row behind a slice that is clicked, and zooms by keys', async () => {
    const strip = await lab.find('timeline-strip', 'svg');
    const widthOf = (): Promise<number> =>
      strip.evaluate((drawing) => drawing.querySelector('.slice')?.getBoundingClientRect().width ?? 0);
    await lab.click('timeline-strip', 'rect.slice');
    await lab.waitForText('timeline-figure', 'dl.row', /kernel.*shape.*measured/);
    const before = await widthOf();
    await focus('timeline-strip');
    await lab.page.keyboard.press('+');
    await expect.poll(widthOf).toBeGreaterThan(before * 1.3);
    await lab.page.keyboard.press('0');
    await expect.poll(widthOf).toBeCloseTo(before, 0);
    await lab.page.keyboard.press('End');
    await lab.waitForText('timeline-strip', 'output', /optimizer/);
    await lab.page.keyboard.press('Enter');
    await lab.waitForText('timeline-figure', 'dl.row', /adamW/);
  });

  it('sets formula, plan and measurement side by side, for other work too', async () => {
    const terms = (): Promise<string> =>
      lab.page.evaluate(() => {
        const room = document.querySelector('lab-page')?.shadowRoot?.querySelector('room-kernels');
        const figure = room?.shadowRoot?.querySelector('terms-figure')?.shadowRoot;
        return figure?.querySelector('figure-panel')?.shadowRoot?.querySelector('table')?.textContent ?? '';
      });
    await expect.poll(terms).toMatch(/attention[\s\S]*causal half −[\s\S]*total/);
    expect(await terms()).toMatch(/Measured share/);
    await choose('terms-figure', 'select', 3);
    await lab.waitForText('terms-figure', '[slot=note]', /one decoded token with 31 in the cache/);
    expect(await terms()).not.toMatch(/Measured share/);
  });

  it('keeps the profile before as a layer to compare with', async () => {
    await lab.click('room-kernels', 'button', 'Profile');
    await lab.waitForText(
      'roofline-figure',
      '[slot=note]',
      /Kernels took .* in the profile before and .* now/,
    );
    await lab.waitForText('svg-plot', 'svg', /before/);
  });

  it('saves the trace, a drawing and its numbers', async () => {
    const trace = await download('room-kernels', 'Save as trace');
    const events: readonly Slice[] = JSON.parse(trace.text).traceEvents;
    const kernels = events.filter(({ ph, tid }) => ph === 'X' && tid === 1);
    expect(kernels.length).toBeGreaterThan(20);
    kernels.slice(1).forEach(({ ts }, index) => {
      const { ts: start, dur } = kernels[index] as Slice;
      expect(Math.round(ts * 1000)).toBeGreaterThanOrEqual(Math.round(start * 1000) + Math.round(dur * 1000));
    });
    const drawing = await download('figure-panel', /^Save “Roofline” as SVG$/);
    expect(drawing.name).toBe('roofline.svg');
    expect(drawing.text).toMatch(/<svg [\s\S]*backward[\s\S]*<\/svg>/);
    const numbers = await download('figure-panel', /^Save “Roofline” as CSV$/);
    expect(numbers.text).toMatch(/^Kernel,Phase,Shape,Intensity \(FLOP\/B\),/);
  });

  it('lets nobody validate predictions that there are not, and says what to do', async () => {
    await lab.click('room-tabs', 'a', 'Validation');
    await lab.waitForText('room-validation', 'section', /Calibrate first/);
    const button = await lab.find('room-validation', 'button.primary', 'Validate');
    expect(await button.evaluate((found) => (found as HTMLButtonElement).disabled)).toBe(true);
    expect(await findViolations(lab.page)).toEqual([]);
    await lab.click('room-tabs', 'a', 'Kernels');
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

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
