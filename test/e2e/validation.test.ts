// What a calibrated page shows beside a measurement: the waterfall of a run's step, and a validation that is cancelled.
import { readFileSync } from 'node:fs';
import type { BrowserContext } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunRecord } from '../../src/contract/records.ts';
import type { DeviceProfile } from '../../src/plan/device-profile.ts';
import { formatSi } from '../../src/text/numbers.ts';
import { describeBrowser, openProfile } from '../browser.ts';
import { onProcessor, openPage, type PageDriver, tinyQuery } from './page-driver.ts';

/** Figures of the order of a processor's: a calibration takes fifteen seconds there, and no test of a page rests on them. */
const invented: Omit<DeviceProfile, 'device'> = {
  ...{ version: 5, timer: 'none', kernels: {} },
  fmaFlopsPerSecond: { value: 2e10, spread: 0.02, repeats: 5 },
  paceSeconds: { value: 0.01, spread: 0.02, repeats: 5 },
  slowing: { value: 1, spread: 0, repeats: 5 },
  switchSeconds: { value: 1e-6, spread: 0, repeats: 5 },
  mixing: { value: 1, spread: 0, repeats: 5 },
  copyBytesPerSecond: [{ bytes: 1e6, rate: { value: 5e9, spread: 0.04, repeats: 5 } }],
  launchSeconds: { value: 2e-5, spread: 0.1, repeats: 5 },
  submitSeconds: { value: 5e-4, spread: 0.1, repeats: 5 },
  queueSeconds: { value: 1e-4, spread: 0.1, repeats: 5 },
};

describeBrowser('a calibrated page', () => {
  let profile: BrowserContext;
  let lab: PageDriver;

  /** Puts the figures in the place of those that the page measured within seconds for a run. */
  const keepProfile = async (): Promise<void> => {
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-controls', '.status', /Training step/);
    await lab.click('run-controls', 'button', 'Stop');
    await lab.waitForText('run-controls', '.status', /Stopped/);
    await lab.page.evaluate(
      (figures) =>
        new Promise<void>((resolve, reject) => {
          const opening = indexedDB.open('flopscope');
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const profiles = opening.result.transaction('profiles', 'readwrite').objectStore('profiles');
            const measured = profiles.getAll();
            measured.onsuccess = () => {
              for (const { device, processor } of measured.result)
                profiles.put({ ...figures, device, processor }, device);
            };
            profiles.transaction.oncomplete = () => {
              opening.result.close();
              resolve();
            };
          };
        }),
      invented,
    );
    await lab.page.reload();
  };

  /** Cells of the table of the figure with this heading. */
  const tableOf = (heading: string): Promise<readonly (readonly string[])[]> =>
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
      const root = seek(document)?.shadowRoot;
      const toggle = root?.querySelector<HTMLInputElement>('label.check input');
      if (toggle?.checked === false) toggle.click();
      return [...(root?.querySelectorAll('tbody tr') ?? [])].map((row) =>
        [...row.children].map(({ textContent }) => textContent?.replace(/\s+/g, ' ').trim() ?? ''),
      );
    }, heading);

  beforeAll(async () => {
    profile = await openProfile();
    lab = await openPage(profile, tinyQuery, undefined, {
      ...onProcessor,
      'flopscope-measure-first': 'quickly',
    });
    await lab.waitForText('prediction-panel', '.figure', /k$/);
    await keepProfile();
  });
  afterAll(async () => {
    await profile.close();
  });

  it('finds its figures again after a reload', async () => {
    await lab.waitForText('device-panel', 'section', /20\.0.GFLOP\/s|Calibrate again/);
    await lab.waitForText('prediction-panel', '.figure.predicted', /\d/);
    // The recorded rate stands beside what was predicted of the recorded run, not of the form.
    const { prediction } = JSON.parse(readFileSync('public/recorded-run.json', 'utf8')) as RunRecord;
    const recorded = formatSi(prediction?.tokensPerSecond).replace(/\s/g, ' ');
    await lab.waitForText('throughput-gauge', '.big', /tokens\/s recorded/);
    const said = await lab.text('throughput-gauge', '.scale');
    expect(said).toContain(`${recorded} predicted`);
    expect(said).not.toMatch(/quickly/);
    await lab.click('room-tabs', 'a', 'Validation');
    await lab.waitForText('room-validation', 'section', /models that calibration has not seen/);
    expect(await lab.text('room-validation', 'section')).not.toMatch(/Calibrate first/);
    await lab.waitForText(
      'room-validation',
      '.recorded',
      /^Recorded, not of this device: 12 pieces of work of 6 models on a software GPU\. .* off by/,
    );
    await expect.poll(() => tableOf('Recorded: predicted and measured time')).toHaveLength(12);
    await expect.poll(() => tableOf('Recorded: kernels of a training step')).not.toEqual([]);
  });

  it('ends a validation after the measurement in hand when Cancel is clicked, and shows what was measured', async () => {
    await lab.click('room-validation', 'button.primary', 'Validate');
    await lab.waitForText('room-validation', 'section', /gpt L2 C80 H4 T64 B12: /);
    await lab.click('room-validation', 'button', 'Cancel');
    await lab.waitForText(
      'room-validation',
      'section',
      /\d pieces? of work in .*, cancelled before the end\. In the median .* stays unexplained/,
    );
    await lab.waitForText('room-validation', '.errors', /training/);
    await expect.poll(() => tableOf('Predicted and measured time')).not.toEqual([]);
    const rows = await tableOf('Predicted and measured time');
    expect(rows.length).toBeLessThan(24); // of the small grid
    expect(rows[0]?.join(' ')).toMatch(/gpt L2 C80 H4 T64 B12 a step of 12 × 64 tokens/);
    expect(await tableOf('Recorded: predicted and measured time')).toEqual([]);
    expect(await tableOf('Recorded: kernels of a training step')).toEqual([]);
    const plot = await lab.find('svg-plot', 'svg');
    expect(
      await plot.evaluate((drawing) => drawing.querySelectorAll('.mark, circle').length),
    ).toBeGreaterThan(0);
  });

  it('leads from the limit to the measured step in parts that add up', async () => {
    await lab.click('room-tabs', 'a', 'Kernels');
    await lab.click('room-kernels', 'button', 'Profile');
    await lab.waitForText('room-kernels', 'section', /\d+ dispatches; (timestamp|wall)/);
    await lab.find('waterfall-figure', 'svg');
    await expect.poll(() => tableOf('From limit to measured')).toHaveLength(7);
    const rows = await tableOf('From limit to measured');
    expect(rows.map(([name]) => name)).toEqual([
      ...['arithmetic at peak', 'bound by bandwidth', 'tiles and occupancy', 'launches', 'host and queue'],
      ...['unexplained', 'measured step'],
    ]);
    const shares = rows.map(([, , share = '']) => Number(share.replace(/\s*%/, '').replace('−', '-')));
    const whole = shares.pop() ?? Number.NaN;
    expect(whole).toBe(100);
    // Each is shown to three digits.
    const sum = shares.reduce((total, share) => total + share, 0);
    expect(Math.abs(sum - 100)).toBeLessThan(0.6 + 0.005 * Math.max(...shares.map(Math.abs)));
    await lab.waitForText('waterfall-figure', 'svg', /unexplained/);
  });

  it('broke no policy and raised no error on the way', () => {
    expect(lab.troubles).toEqual([]);
  });
});
