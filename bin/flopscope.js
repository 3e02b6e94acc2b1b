#!/usr/bin/env node
// Starts the command line in a child process: native warnings stay out of stderr, a crashing driver out of the shell.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('run-cli.js', import.meta.url));
const debug = process.env.FLOPSCOPE_DEBUG === '1';

// Dawn and the Vulkan drivers write warnings to descriptor 2. The child's own messages go to descriptor 3, which
// is the stderr of this process; descriptor 4 tells the child when this process is gone.
const child = spawn(process.execPath, [program, ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', debug ? 'inherit' : 'ignore', 2, 'ipc'],
});

// A terminal's Ctrl-C reaches both processes; a signal sent to this one alone is passed on. The child may thus
// see one interruption twice (and npm adds a third); it counts them as one.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}

child.on('exit', (code, signal) => {
  if (code !== null) process.exit(code);
  const interrupted = signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP';
  if (!interrupted) {
    const advice = 'Run it again with FLOPSCOPE_DEBUG=1 to see what the driver wrote.';
    process.stderr.write(`flopscope: internal error: the process was ended by ${signal}. ${advice}\n`);
  }
  process.exit(interrupted ? 130 : 3);
});
