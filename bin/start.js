// npm start: builds the lab, serves it on a loopback address, prints the URL, opens it where there is a desktop.
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const firstPort = 4173; // vite takes the next free one

/** Whether somebody sits at a screen here. */
function hasDesktop() {
  const { CI, DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (CI) return false;
  return process.platform === 'darwin' || process.platform === 'win32' || Boolean(DISPLAY || WAYLAND_DISPLAY);
}

await build({ root, logLevel: 'warn' });
const server = await preview({
  root,
  logLevel: 'warn',
  preview: { port: firstPort, strictPort: false, open: hasDesktop() },
});
const url = server.resolvedUrls?.local[0];
if (url === undefined) throw new Error('start: the server has no address. Is 127.0.0.1 available?');
process.stdout.write(`Flopscope is at ${url}\nPress Ctrl-C to stop.\n`);

/** Ends the server and this process. */
function stop() {
  void server.close().finally(() => process.exit(0));
  setTimeout(() => process.exit(0), 1000).unref(); // milliseconds; a browser may hold its connection
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
// npm's shell does not pass a signal on; when it is gone, so is the one who started the server.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) stop();
}, 1000).unref();
