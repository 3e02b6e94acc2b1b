// What a visitor's browser gets before anything runs: the headers, a policy that nothing violates, and a GPU.
import { gzipSync } from 'node:zlib';
import type { BrowserContext } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rooms } from '../../src/ui/page/rooms.ts';
import { describeBrowser, openProfile, pageAddress } from '../browser.ts';
import { attach } from './page-driver.ts';

describeBrowser('the served page', () => {
  let profile: BrowserContext;
  beforeAll(async () => {
    profile = await openProfile();
  });
  afterAll(() => profile.close());

  it('comes with a strict policy, isolated from other sites', async () => {
    const { headers } = await fetch(pageAddress());
    expect(headers.get('content-security-policy')).toContain(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval';",
    );
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  });

  it('loads from its own host alone, its rooms before they are wanted, and violates no policy', async () => {
    const lab = await attach(await profile.newPage());
    const wanted: string[] = [];
    const fetched = new Set<string>();
    lab.page.on('request', (request) => void wanted.push(request.url()));
    lab.page.on('requestfinished', (request) => void fetched.add(request.url()));
    await lab.page.goto(pageAddress());
    expect(await lab.page.title()).toMatch(/flopscope/i);
    await lab.waitForText('prediction-panel', '.figure', /k$/); // the worker has come, and the device is open
    const isRoom = (url: string): boolean => /\/assets\/room-/.test(url);
    await expect.poll(() => [...fetched].filter(isRoom).length).toBe(rooms.length);
    expect(wanted.filter((url) => !/^(data|blob):/.test(url) && !url.startsWith(pageAddress()))).toEqual([]);
    expect(wanted.filter((url) => url.endsWith('.wasm'))).toEqual([]); // this device has a GPU
    expect(lab.troubles).toEqual([]);
    await lab.page.setOfflineMode(true);
    await lab.click('room-tabs', 'a', 'Costs');
    await lab.find('room-costs', '.figures');
    await lab.page.close();
  });

  it('brings less than 120 KB before the rooms', async () => {
    const page = await (await fetch(pageAddress())).text();
    const files = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, file = '']) => file);
    expect(files.filter((file) => file.endsWith('.js')).length).toBeGreaterThan(1);
    const sizes = files.map(async (file) => {
      const fetched = await fetch(new URL(file, pageAddress()));
      return gzipSync(await fetched.arrayBuffer()).length;
    });
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, gzipSync(page).length);
    expect(bytes).toBeLessThan(120_000);
  });

  it('says that a room cannot be had without a network, and brings it by itself when there is one', async () => {
    const lab = await attach(await profile.newPage());
    // Blocked by the browser itself: a request that puppeteer intercepts may wait for ever where a worker starts beside it.
    const network = await lab.page.createCDPSession();
    await network.send('Network.enable');
    await network.send('Network.setBlockedURLs', { urls: ['*/assets/room-*', '*/assets/tour-*'] });
    await lab.page.goto(pageAddress());
    await lab.click('room-tabs', 'a', 'Costs');
    const said = await lab.waitForText('lab-page', '.missing', /Costs could not be loaded.*Try again/);
    expect(said).not.toMatch(/[Rr]eload/);
    await expect.poll(() => lab.text('problem-list', '.problem')).toBe('');
    await lab.click('lab-header', 'button', /tour/);
    await lab.waitForText('problem-list', '.problem', /A part of the page could not be loaded The tour: /);
    await network.send('Network.setBlockedURLs', { urls: [] });
    await lab.find('room-costs', '.figures'); // nothing was pressed
    await expect.poll(() => lab.text('lab-page', '.missing')).toBe('');
    await lab.click('lab-header', 'button', /tour/);
    await lab.waitForText('page-tour', 'dialog', /One press does it all.*1 of 6/);
    await lab.page.close();
  });

  it('finds a WebGPU adapter', async () => {
    const page = await profile.newPage();
    await page.goto(pageAddress());
    const architecture = await page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      return adapter?.info.architecture;
    });
    expect(architecture).toBe('swiftshader');
    await page.close();
  });
});
