// What a visitor's browser gets before anything runs: the headers, a policy that nothing violates, and a GPU.
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, launchBrowser, pageAddress } from '../browser.ts';

describeBrowser('the served page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('comes with a strict policy, isolated from other sites', async () => {
    const { headers } = await fetch(pageAddress());
    expect(headers.get('content-security-policy')).toContain(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval';",
    );
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  });

  it('loads from its own host alone, without an error, and violates no policy', async () => {
    const page = await browser.newPage();
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(pageAddress())) {
        troubles.push(`request to ${request.url()}`);
      }
    });
    await page.goto(pageAddress(), { waitUntil: 'networkidle0' });
    expect(await page.title()).toMatch(/flopscope/i);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('finds a WebGPU adapter', async () => {
    const page = await browser.newPage();
    await page.goto(pageAddress());
    const architecture = await page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      return adapter?.info.architecture;
    });
    expect(architecture).toBe('swiftshader');
    await page.close();
  });
});
