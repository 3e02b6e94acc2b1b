// Runs src/cli/main.ts: moves stderr, guards signals, passes the exit code on. bin/flopscope.js starts it.
import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { importSource, isDebugging } from './bundle.js';
import { prepareVulkan } from './environment.js';

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
  const stack = isDebugging && error instanceof Error ? error.stack : undefined;
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
    if (process.listenerCount(args[0]) === 1) process.exit(lostOutput ? 1 : 130);
    return Reflect.apply(emit, process, args);
  };
  process.emit = /** @type {typeof process.emit} */ (once);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  // A reader of stdout that goes away (`| head`) or a parent that is killed counts as an interruption too; a full disk
  // behind it is a failure, after what is to be kept was written.
  process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ { code = 'an error' }) => {
    if (code !== 'EPIPE' && !lostOutput) {
      lostOutput = true;
      const why = code === 'ENOSPC' || code === 'EDQUOT' ? `the disk is full (${code})` : code;
      process.stderr.write(`flopscope: stdout: cannot write to it: ${why}. What it has is cut.\n`);
    }
    process.emit('SIGINT', 'SIGINT');
  });
  process.on('disconnect', () => process.emit('SIGINT', 'SIGINT'));
  process.channel?.unref();
}

let lostOutput = false;
if (process.channel !== undefined) moveStderr(); // started by bin/flopscope.js
process.on('uncaughtException', failInternally);
process.on('unhandledRejection', failInternally);
guardSignals();
const [{ main }] = await Promise.all([importSource('src/cli/main.ts'), prepareVulkan()]);
const code = await main(process.argv.slice(2));
await exitWhenFlushed(lostOutput ? 1 : code);
