// npm test: provides a browser and a GPU for the tests, runs them all, ends with a line that counts them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { provision } from './provision.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const cache = fileURLToPath(new URL('../node_modules/.cache/flopscope', import.meta.url));
const countFile = `${cache}/test-count.txt`;

const args = process.argv.slice(2).filter((argument) => argument !== '--full');
const isFull = process.argv.includes('--full');
const isStrict = Boolean(process.env.CI);

mkdirSync(cache, { recursive: true });
rmSync(countFile, { force: true });
const missing = provision();
for (const line of missing)
  console.log(`Missing: ${line} Its tests are ${isStrict ? 'failures' : 'skipped'}.`);

const reporters = ['--reporter=default', `--reporter=${root}bin/count-reporter.js`];
const env = { ...process.env, FLOPSCOPE_TEST_COUNT: countFile, ...(isFull ? { FLOPSCOPE_FULL: '1' } : {}) };
const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
  cwd: root,
  env,
  stdio: 'inherit',
});

const count = existsSync(countFile) ? readFileSync(countFile, 'utf8').trim() : '0 passed, 1 failed';
console.log(count);
const isGood = status === 0 && / 0 failed/.test(count) && !(isStrict && missing.length > 0);
process.exit(isGood ? 0 : status || 1);
