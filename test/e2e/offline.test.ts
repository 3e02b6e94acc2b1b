// The page without a network after one visit, and a newer one that waits to be taken.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'puppeteer';
import sirv from 'sirv';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeBrowser, launchBrowser, pageFolder } from '../browser.ts';
import { createFolder } from '../folders.ts';
import { attach, tinyQuery } from './page-driver.ts';

/** A static host of others: it sends none of our headers. */
async function serve(folder: string, port = 0): Promise<Server> {
  const files = sirv(folder, { dev: true }); // reads the folder anew for each request
  const server = createServer((request, response) => files(request, response));
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
}

/** The built page as another build: its style sheet has another name. */
function renew(folder: string): string {
  const sheet = readdirSync(join(folder, 'assets')).find((name) => /^index-.*\.css$/.test(name)) ?? '';
  const renewed = `renewed-${sheet}`;
  cpSync(join(folder, 'assets', sheet), join(folder, 'assets', renewed));
  for (const name of ['index.html', 'service-worker.js']) {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text).toContain(sheet);
    const revised = text.replace(/[0-9a-f]{31}(?=[0-9a-f]","url":"index.html")/, '0'.repeat(31));
    writeFileSync(join(folder, name), revised.replaceAll(sheet, renewed));
  }
  return renewed;
}

describeBrowser('the page on a static host', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser({ gpu: false });
  });
  afterAll(() => browser.close());

  it('opens and trains without a network after a visit, and is renewed when the visitor says so, with headers of its own', async () => {
    const folder = createFolder();
    cpSync(pageFolder(), folder, { recursive: true });
    let server = await serve(folder);
    const { port } = server.address() as AddressInfo;
    const address = `http://localhost:${port}/?${tinyQuery}`;
    const lab = await attach(await browser.newPage(), undefined, undefined, true);
    await lab.page.goto(address);
    await expect
      .poll(() => lab.page.evaluate(() => navigator.serviceWorker.controller?.state))
      .toBe('activated');

    await close(server);
    await lab.page.goto(address);
    await lab.click('run-controls', 'button', 'Train');
    await lab.waitForText('run-readouts', 'dl', /Tokens seen [1-9]/);
    await lab.click('room-tabs', 'a', 'Lessons');
    await lab.waitForText('room-lessons', 'article', /First make your guess/);
    await lab.click('room-tabs', 'a', 'Train');
    await lab.click('run-controls', 'button', 'Pause');

    const renewed = renew(folder);
    server = await serve(folder, port);
    const hasRenewed = () => lab.page.evaluate((sheet) => document.head.innerHTML.includes(sheet), renewed);
    await lab.page.goto(address);
    await lab.waitForText('notice-strips', '.reload', /newer version .* when you say so/);
    expect(await hasRenewed()).toBe(false);
    await (await lab.find('notice-strips', '.reload button', 'Load it')).click(); // once: the page goes
    await expect.poll(() => hasRenewed().catch(() => false)).toBe(true);
    await lab.waitForText('lab-header', '.badge', /processor/);
    await expect.poll(() => lab.text('notice-strips', '.reload')).toBe('');

    // The same file as a page built for hosts without headers registers it; from a document that registers none itself.
    expect(await lab.page.evaluate(() => crossOriginIsolated)).toBe(false);
    await lab.page.goto(`http://localhost:${port}/recorded-laws.json`);
    await lab.page.evaluate(async () => {
      const { serviceWorker } = navigator;
      const taken = new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve));
      const registration = await serviceWorker.register('/service-worker.js?isolate');
      const coming = registration.installing ?? registration.waiting;
      const takeOver = () => coming?.state === 'installed' && coming.postMessage('take over');
      coming?.addEventListener('statechange', takeOver);
      takeOver();
      await taken;
    });
    await lab.page.goto(address);
    expect(await lab.page.evaluate(() => crossOriginIsolated)).toBe(true);
    await lab.waitForText('lab-header', '.badge', /processor, \d+ threads?/);
    await close(server);
  });
});
