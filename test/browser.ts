// The browser of an end-to-end test: a headless Chrome or Chromium whose WebGPU runs on SwiftShader.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type BrowserContext } from 'puppeteer';
import { describe } from 'vitest';
import { createFolder } from './folders.ts';

/** What a test wants of its browser. */
export interface BrowserOptions {
  /** False leaves the page with `navigator.gpu` but without an adapter. Defaults to true. */
  readonly gpu?: boolean;
  /** Further switches. */
  readonly args?: readonly string[];
  /** Switches that puppeteer shall not set, such as those that keep hidden tabs awake. */
  readonly ignoreDefaultArgs?: readonly string[];
  /** It may use one core alone, and sees no other. Where `canTakeOneCore` says so. */
  readonly onOneCore?: boolean;
  /** Keeps the profile; Puppeteer makes one and removes it unless told. Who names one ends the browser, too. */
  readonly userDataDir?: string;
}

/** Whether a browser can be held to one core here. */
export const canTakeOneCore: boolean = spawnSync('taskset', ['--version']).status === 0;

const softwareGpu = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];

/** Windows load a page for what is typed into their address field, which nobody does here: half a second each. */
const plainWindows = '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,AiModeOmniboxEntryPoint';

/** Milliseconds for a browser to start and to answer: a software GPU may keep a busy machine waiting. */
const patience = { timeout: 240_000, protocolTimeout: 480_000 };

/** Browsers that the files of this process share, by whether they have a GPU. */
const shared = new Map<boolean, Promise<Browser>>();

/**
 * A browser that ends with this process. A test process is told to end and killed half a second later, which is too short
 * for Puppeteer's way: it asks the browser to close.
 */
async function launchShared(gpu: boolean): Promise<Browser> {
  const userDataDir = mkdtempSync(join(process.env.FLOPSCOPE_PROFILES ?? tmpdir(), 'flopscope-browser-'));
  const browser = await launchBrowser({ gpu, userDataDir });
  process.on('exit', () => browser.process()?.kill('SIGKILL'));
  process.once('SIGTERM', () => process.exit());
  return browser;
}

/**
 * A visitor with an empty profile, in a browser that test files share: to start one for each costs seconds. The caller
 * closes the visitor's pages with it. Who harms the browser, or wants switches, launches one of his own.
 * @param gpu false leaves the pages with `navigator.gpu` but without an adapter
 */
export async function openProfile(gpu = true): Promise<BrowserContext> {
  const running = await shared.get(gpu)?.catch(() => undefined);
  if (!running?.connected) shared.set(gpu, launchShared(gpu));
  const browser = await shared.get(gpu);
  if (browser === undefined) throw new Error('browser: none was started.');
  return browser.createBrowserContext();
}

/** Starts a browser with an empty profile. The caller closes it. Throws where there is none. */
export function launchBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const executablePath = process.env.FLOPSCOPE_CHROME;
  if (executablePath === undefined) {
    throw new Error('browser: no Chrome or Chromium was found. Run npm test, which provides one.');
  }
  return puppeteer.launch({
    executablePath: options.onOneCore ? onOneCore(executablePath) : executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      plainWindows,
      ...(options.gpu === false ? [] : softwareGpu),
      ...(options.args ?? []),
    ],
    ignoreDefaultArgs: [...(options.ignoreDefaultArgs ?? [])],
    ...(options.userDataDir === undefined ? {} : { userDataDir: options.userDataDir, handleSIGTERM: false }),
    ...patience,
  });
}

/** A script that starts a program on the first core that this process may use. */
function onOneCore(executablePath: string): string {
  const [, core = '0'] = /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const script = join(createFolder(), 'on-one-core');
  writeFileSync(script, `#!/bin/sh\nexec taskset -c ${core} '${executablePath}' "$@"\n`, { mode: 0o755 });
  return script;
}

/**
 * Starts a Firefox with an empty profile whose downloads go to a folder, and with WebGPU on, which it does not have by
 * itself on Linux. The caller closes it. Throws where there is none.
 */
export function launchFirefox(downloads: string): Promise<Browser> {
  const executablePath = process.env.FLOPSCOPE_FIREFOX;
  if (executablePath === undefined) {
    throw new Error('browser: no Firefox was found. Run npm test, which provides one.');
  }
  const driver = process.env.FLOPSCOPE_FIREFOX_DRIVER;
  return puppeteer.launch({
    browser: 'firefox',
    executablePath,
    env: { ...process.env, ...(driver === undefined ? {} : { VK_DRIVER_FILES: driver }) },
    headless: true,
    extraPrefsFirefox: {
      'dom.webgpu.enabled': true,
      'dom.webgpu.workers.enabled': true,
      'gfx.webgpu.ignore-blocklist': true,
      'ui.prefersReducedMotion': 1, // the recording is seen at its end, as by other returning visitors of these tests
      'browser.download.folderList': 2, // the folder that follows
      'browser.download.dir': downloads,
      'browser.download.alwaysOpenPanel': false,
    },
    ...patience,
  });
}

/** `describe` for tests that need a Firefox with WebGPU: skipped, with the reason in the name, where there is none. */
export function describeFirefox(name: string, define: () => void): void {
  const reason = process.env.FLOPSCOPE_SKIP_FIREFOX;
  if (reason === undefined) describe(name, define);
  else describe.skip(`${name} [skipped: ${reason}]`, define);
}

/** Address of the built page, with its headers. */
export function pageAddress(): string {
  const address = process.env.FLOPSCOPE_PAGE;
  if (address === undefined) {
    const reason = process.env.FLOPSCOPE_PAGE_ERROR ?? 'run vitest with --project browser';
    throw new Error(`browser: no page is served: ${reason}`);
  }
  return address;
}

/** Folder of the built page. */
export function pageFolder(): string {
  pageAddress(); // throws why there is none
  return process.env.FLOPSCOPE_PAGE_FOLDER ?? '';
}

/** `describe` for tests that need a browser: skipped, with the reason in the name, where there is none. */
export function describeBrowser(name: string, define: () => void): void {
  const reason = process.env.FLOPSCOPE_SKIP_BROWSER;
  if (reason === undefined) describe(name, define);
  else describe.skip(`${name} [skipped: ${reason}]`, define);
}
