// Sees to it that the tests have a browser and a Vulkan driver: installs what is missing, or says what to install.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findReleaseSource, formatSource } from './apt-sources.js';
import { inspectMachine } from './environment.js';

const puppeteer = fileURLToPath(
  new URL('../node_modules/puppeteer/lib/cjs/puppeteer/node/cli.js', import.meta.url),
);
const oldestMesa = 23; // the first whose lavapipe Dawn accepts

/**
 * Prints a command, then runs it with its output shown.
 * @param {string[]} command
 * @returns {boolean} whether it succeeded
 */
function run([program = '', ...args]) {
  console.log(`$ ${[program, ...args].join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
}

/**
 * Lets puppeteer fetch a browser into the user's cache; the SwiftShader of its Chrome for Testing serves Dawn as well.
 * @param {'chrome' | 'firefox'} browser
 */
function installWithPuppeteer(browser) {
  console.log(`$ npx puppeteer browsers install ${browser}`);
  const result = spawnSync(process.execPath, [puppeteer, 'browsers', 'install', browser], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000, // milliseconds: about 150 MB
  });
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const error = lines.findIndex((line) => line.startsWith('Error'));
  const told = error < 0 ? lines.slice(-1) : lines.slice(error, error + 2);
  console.log(told.join('\n'));
}

/** Version and suite of each Mesa that apt offers, newest first. */
function listMesaOffers() {
  const madison = spawnSync('apt-cache', ['madison', 'mesa-vulkan-drivers'], { encoding: 'utf8' });
  return (madison.stdout ?? '').split('\n').flatMap((line) => {
    const [, version = '', source = ''] = line.split('|').map((cell) => cell.trim());
    const suite = source.split(' ')[1]?.split('/')[0];
    return suite === undefined ? [] : [{ major: Number.parseInt(version, 10), suite }];
  });
}

/**
 * Adds the backports suite of this Debian release, from the mirror and with the key that it already uses.
 * @param {string} codename
 */
function addBackports(codename) {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const lists = ['/etc/apt/sources.list', ...files].filter((path) => /\.(list|sources)$/.test(path));
  const texts = lists.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
  const source = findReleaseSource(texts, codename);
  if (source === undefined) return;
  const path = join(folder, 'flopscope-backports.sources');
  const text = formatSource(source, `${codename}-backports`);
  console.log(`$ cat > ${path} <<END\n${text}END`);
  writeFileSync(path, text);
  run(['apt-get', 'update']);
}

/** Installs lavapipe: Mesa 23 or later, from backports where the release is older. */
function installMesa() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1] ?? '';
  const findOffer = () => listMesaOffers().find((offer) => offer.major >= oldestMesa);
  if (findOffer() === undefined && /^ID=debian$/m.test(release)) addBackports(codename);
  const offer = findOffer();
  if (offer === undefined) return console.log(`apt offers no mesa-vulkan-drivers ${oldestMesa} or later.`);
  const backports = offer.suite.endsWith('-backports') ? ['-t', offer.suite] : [];
  run(['apt-get', 'install', '-y', '--no-install-recommends', ...backports, 'mesa-vulkan-drivers']);
}

/**
 * Installs the distribution's packages. Only as root on Debian, Ubuntu and the like; does nothing elsewhere.
 * @param {{ browser: boolean, firefox: boolean, driver: boolean }} missing
 */
function installWithApt(missing) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  run(['apt-get', 'update']);
  if (missing.browser) run(['apt-get', 'install', '-y', '--no-install-recommends', 'chromium']);
  if (missing.firefox) run(['apt-get', 'install', '-y', '--no-install-recommends', 'firefox-esr']);
  if (missing.driver) installMesa();
}

/** What to install by hand, by what is missing. */
const advices = {
  browser: 'no browser: install Google Chrome or Chromium, or set FLOPSCOPE_CHROME to one.',
  firefox: 'no Firefox: install it, or set FLOPSCOPE_FIREFOX to one.',
  deno: 'no Deno: run npm install with optional packages, or set FLOPSCOPE_DENO to one.',
  driver:
    'no GPU for Dawn: install a Vulkan driver (mesa-vulkan-drivers 23 or later has lavapipe, which needs no GPU).',
};

/** @param {import('./environment.js').MachineReport} machine */
function missingOf({ browser, firefox, deno, adapter }) {
  return {
    browser: browser === undefined,
    firefox: firefox === undefined,
    deno: deno === undefined,
    driver: adapter === undefined,
  };
}

/**
 * Finds browsers and a GPU adapter for Dawn, and tries to install what is missing: first by puppeteer's own
 * installer, then by the distribution's. Prints each command before it runs, and what was found.
 * @returns {string[]} what is still missing and how to get it; empty when the tests can all run
 */
export function provision() {
  let machine = inspectMachine();
  const before = missingOf(machine);
  if (before.browser || before.driver) installWithPuppeteer('chrome');
  if (before.firefox) installWithPuppeteer('firefox');
  if (before.browser || before.firefox || before.driver) machine = inspectMachine();
  // SwiftShader serves, but takes ten times as long: a machine that is there for tests alone gets lavapipe.
  const isSlow = machine.adapter?.architecture === 'swiftshader' && Boolean(process.env.CI);
  const still = missingOf(machine);
  if (still.browser || still.firefox || still.driver || isSlow) {
    installWithApt({ ...still, driver: still.driver || before.driver || isSlow });
    machine = inspectMachine();
  }
  console.log(`browser: ${machine.browser ?? 'none'}`);
  console.log(`Firefox: ${machine.firefox ?? 'none'}`);
  console.log(`Deno, for wgpu: ${machine.deno ?? 'none'}`);
  console.log(`GPU for Dawn: ${machine.adapter?.description ?? 'none'}`);
  const missing = missingOf(machine);
  return Object.entries(advices).flatMap(([what, advice]) =>
    missing[/** @type {keyof typeof missing} */ (what)] ? [advice] : [],
  );
}
