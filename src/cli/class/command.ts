// `flopscope class`: serves the page on the local network and collects what students send.
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import { cleanName } from '../../classroom/result.ts';
import { refuse } from '../failure.ts';
import { resolvePath } from '../files.ts';
import { withInterruption } from '../interruption.ts';
import { integer, jsonOption, outputOf } from '../options.ts';
import type { Output } from '../output.ts';
import type { OpenClass } from './answers.ts';
import { type Certificate, readCertificate, selfSigned } from './certificate.ts';
import { startClassServer } from './server.ts';
import { type ClassStore, openClassStore } from './store.ts';

interface ClassOptions {
  readonly port: number;
  readonly host: string;
  readonly https: boolean;
  readonly certificate?: string;
  readonly key?: string;
  readonly data?: string;
  readonly title: string;
  readonly page?: string;
}

/** Letters of join codes: none that looks like another, no vowels, so that no word comes out. */
const codeLetters = 'BCDFGHJKMNPQRTVWXYZ2346789';
const codeLength = 6;

/** Adds the command. */
export function addClass(program: Command): void {
  program
    .command('class')
    .description('serve the page on the local network and collect the results of a class')
    .option('--port <n>', 'where to listen', integer(0, 65_535), 8443)
    .option('--host <address>', 'the address to listen at', '0.0.0.0')
    .option('--https', 'with a certificate made here, which every student has to accept once', false)
    .option('--certificate <file>', 'PEM: a certificate of yours, with --key; implies https')
    .option('--key <file>', 'PEM: its private key')
    .option(
      '--data <file>',
      'keep results, join code, key and the certificate made by --https in this SQLite file; else in memory',
    )
    .option('--title <words>', 'what the class is called', 'Flopscope class')
    .option('--page <folder>', 'serve this built page instead of building it')
    .addOption(jsonOption())
    .action(async (options: ClassOptions, command: Command) => {
      const output = outputOf(command);
      if ((options.certificate === undefined) !== (options.key === undefined))
        refuse('invalidRequest', 'class: --certificate and --key belong together. Give both, or --https.');
      const store = openClassStore(options.data === undefined ? undefined : resolvePath(options.data));
      try {
        await serve(options, store, output);
      } finally {
        store.close();
      }
    });
}

async function serve(options: ClassOptions, store: ClassStore, output: Output): Promise<void> {
  const hosts = hostsOf(options.host);
  const certificate = await certificateOf(options, hosts, store);
  const folder = await builtPage(options.page, output);
  const open: OpenClass = {
    title: cleanName(options.title) ?? 'Flopscope class',
    code: keptWord(store, 'code', () =>
      Array.from({ length: codeLength }, () => codeLetters[randomInt(codeLetters.length)]).join(''),
    ),
    key: keptWord(store, 'key', () => randomBytes(18).toString('base64url')),
    store,
  };
  const server = await startClassServer(open, { ...options, folder, certificate }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    return refuse(
      'invalidRequest',
      `class: the server cannot listen: ${why}. Give another --port or --host.`,
    );
  });
  const scheme = certificate === undefined ? 'http' : 'https';
  const addresses = hosts.map(
    (host) => `${scheme}://${host.includes(':') ? `[${host}]` : host}:${server.port}/`,
  );
  announce(open, addresses, options, output);
  await withInterruption(
    (signal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  );
  await server.close();
  const kept =
    options.data === undefined ? 'They were in memory and are gone.' : `They are in ${options.data}.`;
  const count = store.count();
  output.note(`The class has ended with ${count} ${count === 1 ? 'result' : 'results'}. ${kept}`);
}

/** A word that the class keeps from one start to the next. */
function keptWord(store: ClassStore, name: string, make: () => string): string {
  const word = store.word(name) ?? make();
  store.keepWord(name, word);
  return word;
}

/** What students may type for this machine: its addresses on the network, or the one that was asked for. */
export function hostsOf(host: string, interfaces = networkInterfaces()): readonly string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const found = Object.values(interfaces)
    .flat()
    .flatMap((one) => (one !== undefined && !one.internal && one.family === 'IPv4' ? [one.address] : []));
  return found.length > 0 ? found : ['localhost']; // which for a student would be the student's own machine
}

async function certificateOf(
  { https, certificate, key }: ClassOptions,
  hosts: readonly string[],
  store: ClassStore,
): Promise<Certificate | undefined> {
  if (certificate !== undefined && key !== undefined)
    return readCertificate(resolvePath(certificate), resolvePath(key));
  return https
    ? selfSigned([...new Set([...hosts, hostname(), 'localhost', '127.0.0.1'])], store)
    : undefined;
}

/** The folder of the built page; without one it is built, as `npm start` does. */
async function builtPage(page: string | undefined, output: Output): Promise<string> {
  if (page !== undefined) {
    const folder = resolvePath(page);
    if (existsSync(join(folder, 'index.html'))) return folder;
    return refuse(
      'invalidFile',
      `class: ${page} has no index.html. Give the folder that npm run build made.`,
    );
  }
  output.note('Building the page …');
  const root = join(dirname(process.argv[1] ?? '.'), '..'); // of this package: bin/run-cli.js was started
  const { build } = await import('vite');
  await build({ root, logLevel: 'silent' });
  return join(root, 'dist');
}

function announce(
  { code, key }: OpenClass,
  addresses: readonly string[],
  options: ClassOptions,
  output: Output,
): void {
  const [first = ''] = addresses;
  const join = (address: string) => `${address}#class/join/${code}`;
  const teacher = `${first}#class/teacher/${key}`;
  const students = addresses.map(join);
  output.result(
    { kind: 'class', code, key, students, teacher, secure: first.startsWith('https:') },
    undefined,
  );
  output.text(
    `Join code: ${code}\n\nStudents open one of\n${students.map((one) => `  ${one}\n`).join('')}\n`,
  );
  output.text(`${renderUnicodeCompact(join(first))}\n\n`);
  output.text(`The teacher's view, for nobody else:\n  ${teacher}\n\n${originNote(first, options)}\n`);
  output.text(
    options.data === undefined
      ? 'Results are kept in memory and are gone with this command: --data class.sqlite keeps them.\n'
      : `Results are kept in ${options.data}, which nothing leaves.\n`,
  );
  output.text('Press Ctrl-C to end the class.\n');
}

/** What the students' browsers will make of the address. */
function originNote(address: string, { certificate }: ClassOptions): string {
  if (address.startsWith('http:'))
    return 'Over http browsers hide the GPU, threads and storage from the page: students train on one thread of their processor. --https gives them the GPU.';
  if (certificate !== undefined) return 'Students get their GPU if their browsers trust the certificate.';
  return 'The certificate was made here, so each browser warns once: students choose “Advanced” and go on. Then they have their GPU.';
}
