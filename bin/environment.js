// Finds what the programs need around them: Chrome or Chromium, Firefox, Deno, and a Vulkan driver that Dawn accepts.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { constants, homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A GPU adapter as Dawn describes it.
 * @typedef {{ vendor: string, architecture: string, description: string, software: boolean }} AdapterSummary
 */

/**
 * What this machine has for the tests.
 * @typedef {object} MachineReport
 * @property {string | undefined} browser path of a Chrome or Chromium
 * @property {string | undefined} firefox path of a Firefox
 * @property {string | undefined} deno path of a Deno
 * @property {AdapterSummary | undefined} adapter what Dawn gives in Node
 * @property {string | undefined} swiftShader description, for the Vulkan loader, of the driver that a browser ships
 * @property {Record<string, string>} variables environment under which Dawn gives that adapter
 */

const systemBrowsers = {
  linux: ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'].flatMap((name) =>
    ['/usr/bin', '/usr/local/bin', '/snap/bin'].map((folder) => join(folder, name)),
  ),
  darwin: ['Google Chrome', 'Google Chrome for Testing', 'Chromium'].flatMap((name) =>
    ['/Applications', join(homedir(), 'Applications')].map((folder) =>
      join(folder, `${name}.app/Contents/MacOS/${name}`),
    ),
  ),
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) => {
    const folder = process.env[variable];
    return folder === undefined
      ? []
      : ['Google/Chrome', 'Chromium'].map((name) => join(folder, name, 'Application/chrome.exe'));
  }),
};

/** Folders that hold SwiftShader beside a browser whose command is only a wrapper script. */
const browserFolders = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/usr/lib64/chromium-browser',
  '/opt/google/chrome',
  '/snap/chromium/current/usr/lib/chromium-browser',
];

/**
 * Every Chrome or Chromium found, the preferred one first: the user's choice, puppeteer's cache, the system.
 * @returns {string[]}
 */
export function findBrowsers() {
  const { FLOPSCOPE_CHROME, PUPPETEER_EXECUTABLE_PATH } = process.env;
  const chosen = [FLOPSCOPE_CHROME, PUPPETEER_EXECUTABLE_PATH].filter((path) => path !== undefined);
  const platform = process.platform;
  const system =
    platform === 'darwin' || platform === 'win32' ? systemBrowsers[platform] : systemBrowsers.linux;
  return [...chosen, ...findPuppeteerBrowsers('chrome'), ...system].filter(
    (path) => path !== '' && existsSync(path),
  );
}

const systemFirefoxes = {
  linux: ['firefox', 'firefox-esr'].flatMap((name) =>
    ['/usr/bin', '/usr/local/bin', '/snap/bin'].map((folder) => join(folder, name)),
  ),
  darwin: ['/Applications', join(homedir(), 'Applications')].map((folder) =>
    join(folder, 'Firefox.app/Contents/MacOS/firefox'),
  ),
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)'].flatMap((variable) => {
    const folder = process.env[variable];
    return folder === undefined ? [] : [join(folder, 'Mozilla Firefox/firefox.exe')];
  }),
};

/**
 * Every Firefox found, the preferred one first: the user's choice, puppeteer's newest, then the system's.
 * @returns {string[]}
 */
export function findFirefoxes() {
  const platform = process.platform;
  const system =
    platform === 'darwin' || platform === 'win32' ? systemFirefoxes[platform] : systemFirefoxes.linux;
  const chosen = process.env.FLOPSCOPE_FIREFOX ?? '';
  return [chosen, ...findPuppeteerBrowsers('firefox'), ...system].filter(
    (path) => path !== '' && existsSync(path),
  );
}

/**
 * Browsers that puppeteer's installer put into its cache, newest first.
 * @param {'chrome' | 'firefox'} browser
 */
function findPuppeteerBrowsers(browser) {
  const cache = process.env.PUPPETEER_CACHE_DIR ?? join(homedir(), '.cache/puppeteer');
  const mac = {
    chrome: 'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    firefox: 'Firefox.app/Contents/MacOS/firefox',
  };
  const byNewest = new Intl.Collator('en', { numeric: true });
  return listFolder(join(cache, browser))
    .sort((a, b) => byNewest.compare(b, a))
    .flatMap((version) =>
      listFolder(join(cache, browser, version)).flatMap((build) =>
        [browser, `${browser}.exe`, mac[browser]].map((name) => join(cache, browser, version, build, name)),
      ),
    );
}

/**
 * Names in a folder; none when it is missing.
 * @param {string} folder
 */
function listFolder(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/**
 * A Deno, whose WebGPU is wgpu: the user's choice, or what npm installed with the packages of this repository.
 * @returns {string | undefined}
 */
export function findDeno() {
  const packages = fileURLToPath(new URL('../node_modules/@deno', import.meta.url));
  const installed = listFolder(packages).flatMap((name) =>
    ['deno', 'deno.exe'].map((file) => join(packages, name, file)),
  );
  return [process.env.FLOPSCOPE_DENO ?? '', ...installed].find((path) => path !== '' && existsSync(path));
}

/** Folders of the installed browsers that carry SwiftShader as a Vulkan driver. */
function findSwiftShaderFolders() {
  const folders = [...findBrowsers().map((path) => dirname(realpathSync(path))), ...browserFolders];
  return [...new Set(folders)].filter((folder) => existsSync(join(folder, 'vk_swiftshader_icd.json')));
}

/** Dawn's instances: collecting one that is in use crashes the process, so they stay until it ends. */
const instances = /** @type {unknown[]} */ ([]);

/**
 * Asks Dawn for an adapter under the present environment.
 * @returns {Promise<AdapterSummary | undefined>}
 */
async function probeAdapter() {
  const { create } = await import('webgpu');
  const gpu = create(process.platform === 'linux' ? ['backend=vulkan'] : []);
  instances.push(gpu);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) return undefined;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  return { vendor, architecture, description, software: isFallbackAdapter };
}

/**
 * Loads the Vulkan loader that a browser ships, for machines without one: a later dlopen of the same library
 * name finds it. It is no Node addon, so Node says so and lets go of it; RTLD_NODELETE keeps it loaded.
 * @param {string} folder
 */
function loadVulkanLoader(folder) {
  const noDelete = 0x1000; // RTLD_NODELETE of <dlfcn.h> on Linux
  try {
    process.dlopen({ exports: {} }, join(folder, 'libvulkan.so.1'), constants.dlopen.RTLD_NOW | noDelete);
  } catch {
    // Either "did not self-register", which is what we want, or there is no such file: the next probe tells.
  }
}

/**
 * Sets up this process so that Dawn finds the best adapter there is: what the Vulkan loader finds by itself
 * (a real GPU, or lavapipe of Mesa 23 or later), else SwiftShader of an installed browser. VK_DRIVER_FILES,
 * VK_ICD_FILENAMES and XDG_RUNTIME_DIR are left alone where the user has set them.
 * @returns {Promise<AdapterSummary | undefined>} undefined where Dawn finds nothing
 */
export async function prepareVulkan() {
  const { env } = process;
  if (process.platform !== 'linux') return probeAdapter();
  env.XDG_RUNTIME_DIR ??= tmpdir(); // Mesa complains without one
  const first = await probeAdapter();
  if (first !== undefined || env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES) return first;
  for (const folder of findSwiftShaderFolders()) {
    env.VK_DRIVER_FILES = join(folder, 'vk_swiftshader_icd.json');
    const adapter = await probeAdapter();
    if (adapter !== undefined) return adapter;
    loadVulkanLoader(folder);
    const second = await probeAdapter();
    if (second !== undefined) return second;
  }
  delete env.VK_DRIVER_FILES;
  return undefined;
}

/**
 * Whether a browser starts: one whose system libraries are missing does not.
 * @param {string} path
 */
function isBrowserUsable(path) {
  if (process.platform === 'win32') return true; // there --version opens a window
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 120_000 }).status === 0;
}

/**
 * Describes this machine. Dawn runs in a process of its own, so that its warnings or a crashing driver stay away.
 * @returns {MachineReport}
 */
export function inspectMachine() {
  const browser = findBrowsers().find(isBrowserUsable);
  const firefox = findFirefoxes().find(isBrowserUsable);
  const probe = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--probe'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 240_000, // milliseconds, on a machine that has much else to do
  });
  const found = probe.status === 0 ? JSON.parse(probe.stdout) : { variables: {} };
  const [folder] = process.platform === 'linux' ? findSwiftShaderFolders() : [];
  const swiftShader = folder && join(folder, 'vk_swiftshader_icd.json');
  return {
    browser,
    firefox,
    deno: findDeno(),
    adapter: found.adapter,
    variables: found.variables,
    swiftShader,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === '--probe') {
  const adapter = await prepareVulkan();
  const { VK_DRIVER_FILES, XDG_RUNTIME_DIR } = process.env;
  process.stdout.write(JSON.stringify({ adapter, variables: { VK_DRIVER_FILES, XDG_RUNTIME_DIR } }), () =>
    process.exit(0),
  );
}
