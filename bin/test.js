// npm test: provides a browser and a GPU for the tests, runs them, ends with a line that counts them. --quick: those that
// need neither and no minutes. --full: the long ones too.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { provision } from './provision.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const cache = fileURLToPath(new URL('../node_modules/.cache/flopscope', import.meta.url));
const countFile = `${cache}/test-count.txt`;

const isFull = process.argv.includes('--full');
const isQuick = process.argv.includes('--quick');
const quickProjects = isQuick ? ['--project=architecture', '--project=unit'] : [];
const args = [
  ...quickProjects,
  ...process.argv.slice(2).filter((argument) => !['--full', '--quick'].includes(argument)),
];
const isStrict = Boolean(process.env.CI);

mkdirSync(cache, { recursive: true });
rmSync(countFile, { force: true });
const missing = isQuick ? [] : provision();
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
