// Runs src/cli/main.ts without a build step: bundles it in memory, imports the bundle, passes its exit code on.
import { mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { prepareVulkan } from './environment.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const debug = process.env.FLOPSCOPE_DEBUG === '1';

/** Sends what JavaScript writes to stderr to descriptor 3; bin/flopscope.js says why. */
function moveStderr() {
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      try {
        writeSync(3, chunk);
      } catch {
        // Nobody reads any more: there is no other place to complain.
      }
      done();
    },
  });
  Object.defineProperty(process, 'stderr', { value: Object.assign(stderr, { isTTY: isatty(3), fd: 3 }) });
}

/**
 * Bundles src/cli/main.ts into one module for Node. Packages stay outside and are found in node_modules.
 * @returns {Promise<string>} the code
 */
async function bundle() {
  const output = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: 'src/cli/main.ts',
      write: false,
      target: 'node20',
      minify: false,
      sourcemap: debug ? 'inline' : false,
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const chunk = 'output' in output ? output.output[0] : undefined;
  if (chunk === undefined) throw new Error('run-cli: the bundler gave no code.');
  return chunk.code;
}

/**
 * Imports the code from a file of its own, so that two commands at once do not meet.
 * @param {string} code
 */
async function importCode(code) {
  const folder = join(root, 'node_modules/.cache/flopscope');
  const file = join(folder, `main-${process.pid}.mjs`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, code);
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * Ends the process when stdout has left it. Dawn's threads would keep it alive otherwise.
 * @param {number} code
 */
async function exitWhenFlushed(code) {
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit(code);
}

/**
 * Reports an error that nothing expected: one line, or the whole stack with FLOPSCOPE_DEBUG=1.
 * @param {unknown} error
 */
function failInternally(error) {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace(/\s*\n\s*/g, ' ').trim();
  const stack = debug && error instanceof Error ? error.stack : undefined;
  process.stderr.write(`${stack ?? `flopscope: internal error: ${line}`}\n`);
  void exitWhenFlushed(3);
}

/** Lets main see each interruption once, and ends a command that does not listen with 130. */
function guardSignals() {
  const emit = process.emit;
  let last = Number.NEGATIVE_INFINITY;
  const once = (/** @type {[string, ...unknown[]]} */ ...args) => {
    const isSignal = args[0] === 'SIGINT' || args[0] === 'SIGTERM' || args[0] === 'SIGHUP';
    if (!isSignal) return Reflect.apply(emit, process, args);
    const now = performance.now();
    if (now - last < 1000) return true; // milliseconds: the same Ctrl-C through another process
    last = now;
    if (process.listenerCount(args[0]) === 1) process.exit(130);
    return Reflect.apply(emit, process, args);
  };
  process.emit = /** @type {typeof process.emit} */ (once);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  // A reader of stdout that goes away (`| head`) or a parent that is killed counts as an interruption too.
  process.stdout.on('error', () => process.emit('SIGINT', 'SIGINT'));
  process.on('disconnect', () => process.emit('SIGINT', 'SIGINT'));
  process.channel?.unref();
}

if (process.channel !== undefined) moveStderr(); // started by bin/flopscope.js
process.on('uncaughtException', failInternally);
process.on('unhandledRejection', failInternally);
guardSignals();
process.setSourceMapsEnabled(debug);
const [code] = await Promise.all([bundle(), prepareVulkan()]);
const { main } = await importCode(code);
await exitWhenFlushed(await main(process.argv.slice(2)));
