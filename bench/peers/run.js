// Runs TensorFlow.js and jax-js on the shared training step, in Node on Dawn or in headless Chromium.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { inspectMachine } from '../../bin/environment.js';
import { wasmKernels } from '../../bin/wasm-kernels.js';
import { openPage, runInPage } from './chromium-host.js';
import { oracleLosses } from './workload.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/flopscope/peers', import.meta.url));

/** The competitors of each place; jax-js's WebAssembly has threads only in a page. */
export const peersOf = {
  node: ['flopscope', 'flopscope-wasm', 'jax-js', 'tensorflow'],
  chromium: ['flopscope', 'flopscope-wasm', 'jax-js', 'tensorflow', 'jax-js-wasm'],
};

/** Losses that differ more than this from the oracle's are of another computation; float32 differs by 1e-5. */
export const lossTolerance = 1e-3;

/**
 * Installs the competitors' packages into bench/peers on first use, printing the command.
 * @param {(line: string) => void} log
 */
export function installPeers(log) {
  if (existsSync(join(here, 'node_modules/@jax-js/jax'))) return;
  const command = ['npm', 'ci', '--no-audit', '--no-fund'];
  log(`$ cd bench/peers && ${command.join(' ')}`);
  const options = { cwd: here, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' };
  const { status } = spawnSync(command[0], command.slice(1), options);
  if (status !== 0) throw new Error(`bench: npm could not install the peers: it ended with ${status}.`);
}

/** Bundles entry.js for one place, because TensorFlow.js's modules only load through a bundler. */
async function bundle(where) {
  const outDir = join(cache, where);
  const kernels = { plugins: [wasmKernels()], worker: { format: 'es', plugins: () => [wasmKernels()] } };
  const shared = { configFile: false, logLevel: 'silent', root: here, ...kernels };
  if (where === 'chromium') {
    await build({ ...shared, build: { outDir, emptyOutDir: true, target: 'esnext', modulePreload: false } });
    return outDir;
  }
  await build({
    ...shared,
    ssr: { noExternal: true, target: 'node' },
    build: { outDir, emptyOutDir: true, ssr: 'entry.js', target: 'node20' },
  });
  return join(outDir, 'entry.js');
}

function runInNode(file, name, steps, warmUp, variables) {
  const host = join(here, 'node-host.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [host, file, name, steps, warmUp].map(String),
    {
      encoding: 'utf8',
      env: { ...process.env, ...variables },
      timeout: 1_800_000,
    },
  );
  if (status !== 0)
    throw new Error(`bench: ${name} in Node failed: ${stderr.trim().split('\n').slice(-5).join(' ')}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/**
 * Runs competitors one after the other, each in a process or page of its own.
 * @param {object} options
 * @param {'node' | 'chromium'} options.where
 * @param {string[]} options.peers of peersOf[where]
 * @param {number} options.steps timed steps
 * @param {number} options.warmUp steps before them
 * @param {(line: string) => void} options.log progress
 * @returns {Promise<object[]>} rows {where, peer, version, backend, adapter, stepMilliseconds, losses, lossError}
 */
export async function runPeers({ where, peers, steps, warmUp, log }) {
  installPeers(log);
  const { browser, adapter, variables } = inspectMachine();
  if (where === 'chromium' && browser === undefined)
    throw new Error('bench: no Chrome or Chromium was found.');
  const built = await bundle(where);
  const rows = [];
  for (const peer of peers) {
    log(`bench: ${peer} in ${where}, ${warmUp} + ${steps} steps`);
    const outcome =
      where === 'node'
        ? runInNode(built, peer, steps + warmUp, warmUp, variables)
        : await runInBrowser(built, browser, adapter?.software !== false, peer, steps + warmUp, warmUp);
    const errors = oracleLosses.map((loss, i) => Math.abs((outcome.losses[i] ?? loss) - loss));
    rows.push({ where, peer, ...outcome, lossError: Math.max(...errors) });
  }
  return rows;
}

async function runInBrowser(folder, browser, software, name, steps, warmUp) {
  const { page, close } = await openPage(folder, browser, software);
  try {
    return await runInPage(page, name, steps, warmUp);
  } finally {
    await close();
  }
}

/** One line of the table. */
export function formatRow({ where, peer, version, backend, adapter, stepMilliseconds, lossError }) {
  const { median, min, max } = stepMilliseconds;
  const times = [median, min, max].map((ms) => ms.toFixed(1).padStart(9));
  const who = `${peer} ${version} (${backend})`.padEnd(34);
  return `${where.padEnd(9)}${who}${times.join('')}   loss ±${lossError.toExponential(1)}   ${adapter}`;
}

async function main() {
  const { values } = parseArgs({
    options: {
      where: { type: 'string', multiple: true, default: ['node', 'chromium'] },
      peer: { type: 'string', multiple: true },
      steps: { type: 'string' },
      'warm-up': { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
    },
  });
  const log = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  if (!values.json)
    console.log(`${'where'.padEnd(9)}${'peer'.padEnd(34)}   median      min      max   ms a step`);
  for (const where of values.where) {
    const peers = peersOf[where]?.filter((peer) => values.peer?.includes(peer) ?? true);
    if (peers === undefined) throw new Error(`bench: --where is ${where}. Pass node or chromium.`);
    const steps = Number(values.steps ?? (where === 'node' ? 10 : 5));
    for (const peer of peers) {
      const options = { where, peers: [peer], steps, warmUp: Number(values['warm-up']), log };
      const [row] = await runPeers(options);
      console.log(values.json ? JSON.stringify(row) : formatRow(row));
      if (row.lossError > lossTolerance) process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
