// Which browsers are taken: the user's choice, then puppeteer's newest, then the system's.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { findBrowsers, findFirefoxes } from '../../bin/environment.js';
import { createFolder } from '../folders.ts';

let folder: string;

/** Makes an empty file below the test's folder. */
function touch(path: string): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, '');
  return full;
}

beforeEach(() => {
  folder = createFolder();
  vi.stubEnv('PUPPETEER_CACHE_DIR', folder);
  vi.stubEnv('PUPPETEER_EXECUTABLE_PATH', undefined);
  vi.stubEnv('FLOPSCOPE_CHROME', undefined);
  vi.stubEnv('FLOPSCOPE_FIREFOX', undefined);
});

it('prefers the newest of puppeteer’s cache, by number and not by letter', () => {
  const older = touch('chrome/linux-99.0.1/chrome-linux64/chrome');
  const newer = touch('chrome/linux-148.0.7/chrome-linux64/chrome');
  expect(findBrowsers().slice(0, 2)).toEqual([newer, older]);
});

it('prefers the user’s choice to everything', () => {
  touch('chrome/linux-148.0.7/chrome-linux64/chrome');
  const chosen = touch('my-chrome');
  vi.stubEnv('FLOPSCOPE_CHROME', chosen);
  expect(findBrowsers()[0]).toBe(chosen);
});

it('passes over a choice that does not exist', () => {
  vi.stubEnv('FLOPSCOPE_CHROME', join(folder, 'nothing'));
  expect(findBrowsers()).not.toContain(join(folder, 'nothing'));
});

it('takes the Firefox that the user chose before puppeteer’s, and none that does not exist', () => {
  const cached = touch('firefox/linux-stable_153.0/firefox/firefox');
  expect(findFirefoxes()[0]).toBe(cached);
  const chosen = touch('my-firefox');
  vi.stubEnv('FLOPSCOPE_FIREFOX', chosen);
  expect(findFirefoxes()[0]).toBe(chosen);
  vi.stubEnv('FLOPSCOPE_FIREFOX', join(folder, 'nothing'));
  expect(findFirefoxes()).not.toContain(join(folder, 'nothing'));
});
