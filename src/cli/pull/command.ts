// `flopscope pull`: a published model into the user's cache, after saying how large it is and whether it fits.
import { mkdir, statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { stage } from '../../lab/plans/problem.ts';
import { textColumns } from '../../text/columns.ts';
import { formatBytes, formatCount } from '../../text/numbers.ts';
import { Interrupted, refuse } from '../failure.ts';
import { withInterruption } from '../interruption.ts';
import { jsonOption, outputOf } from '../options.ts';
import type { Output } from '../output.ts';
import { fetchFile } from './download.ts';
import { checkModel, type Need } from './fit.ts';
import {
  fileAddress,
  filesToFetch,
  findModel,
  type HubAccess,
  type HubFile,
  type HubModel,
  headersOf,
  parseHubName,
  refuseStatus,
} from './hub.ts';
import { withFolderLocked } from './lock.ts';
import { createPatientFetch } from './requests.ts';
import {
  deletePulled,
  findPulled,
  folderOf,
  listPulled,
  noteModel,
  type PulledModel,
  pulledFolder,
} from './store.ts';

interface PullOptions {
  readonly endpoint: string;
  readonly dryRun?: true;
  readonly list?: true;
  readonly delete?: string;
}

/** Bytes of a weight in int4, with its part of a scale and a minimum. */
const leastBytesOfWeight = 0.625;

/** Adds the command. */
export function addPull(program: Command): void {
  program
    .command('pull')
    .argument('[model]', 'OWNER/NAME or OWNER/NAME@REVISION')
    .description('fetch a published model into the cache; a pull that was cut goes on where it was')
    .option('--endpoint <url>', 'address of the hub', process.env.HF_ENDPOINT || 'https://huggingface.co')
    .option('--dry-run', 'say what it is, how large, and whether it fits, and fetch nothing')
    .option('--list', 'list what is in the cache')
    .option('--delete <model>', 'remove a model from the cache, of all revisions or of the one that is named')
    .addOption(jsonOption())
    .action(async (name: string | undefined, options: PullOptions, command: Command) => {
      const output = outputOf(command);
      const asked = [name !== undefined, options.list === true, options.delete !== undefined];
      if (asked.filter(Boolean).length !== 1)
        refuse('invalidRequest', 'pull: give one of OWNER/NAME, --list and --delete OWNER/NAME.');
      if (options.list) listed(await listPulled(), output);
      else if (options.delete !== undefined) await remove(options.delete, output);
      else if (name !== undefined) await withInterruption((signal) => pull(name, options, output, signal));
    });
}

async function pull(name: string, options: PullOptions, output: Output, signal: AbortSignal): Promise<void> {
  const access: HubAccess = {
    endpoint: endpointOf(options.endpoint),
    fetch: createPatientFetch({ signal, note: output.note }),
    token: process.env.HF_TOKEN || undefined,
  };
  const model = await findModel(parseHubName(name), access);
  const files = filesToFetch(model);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { id, revision, commit } = model;
  const config = await access.fetch(fileAddress(access, model, 'config.json'), {
    headers: headersOf(access),
  });
  if (!config.ok) refuseStatus({ statusCode: config.status }, `config.json of ${id}`, access);
  const { need, notes } = await stage('invalidFile', async () =>
    checkModel(await readSmall(config, 'config.json')),
  );
  notes.forEach(output.note);
  const directory = folderOf(model);
  const there = (await listPulled()).find((one) => one.directory === directory);
  const rest = Math.max(0, bytes - (there?.bytes ?? 0));
  const free = await freeBytes();
  const facts = { id, revision, commit, directory, bytes, ...need, freeBytes: free };
  output.note(`pull: ${id}@${commit.slice(0, 12)}: ${described(files.length, bytes, need, free)}.`);
  if (rest > free)
    refuse(
      'storageFull',
      `pull: ${id} needs ${formatBytes(rest)} more, and ${pulledFolder()} has ${formatBytes(free)} free. Free some, or --delete a model.`,
    );
  if (need.parameters * leastBytesOfWeight > totalmem())
    refuse(
      'tooLarge',
      `pull: ${id} has ${formatCount(need.parameters)} parameters, and the ${formatBytes(totalmem())} of this machine hold them not even in int4. Choose a smaller model.`,
    );
  if (need.memoryBytes > totalmem())
    output.note(`pull: in f32 that is more than this machine has: open it with --weights int8 or int4.`);
  if (options.dryRun) {
    output.result(facts, undefined);
    return;
  }
  const received = await withFolderLocked(directory, id, () =>
    fetchModel(model, files, { ...access, signal, output }),
  );
  const other = (await listPulled()).find((one) => one.id === id && one.commit !== commit);
  if (other)
    output.note(
      `pull: commit ${other.commit.slice(0, 12)} is here too. Remove it: --delete ${id}@${other.commit.slice(0, 12)}.`,
    );
  output.result(
    {
      ...facts,
      receivedBytes: received,
      files: files.map((file) => ({ name: file.name, bytes: file.bytes })),
    },
    textColumns([
      ['received', formatBytes(received)],
      ['written to', directory],
      [
        'try it',
        `flopscope sample ${id}${other ? `@${commit.slice(0, 12)}` : ''} --prompt Once --max-new 40`,
      ],
    ]),
  );
}

/** Fetches what is not here yet. @returns bytes that came over the network @throws Interrupted, or LabError */
async function fetchModel(
  model: HubModel,
  files: readonly HubFile[],
  options: HubAccess & { readonly signal: AbortSignal; readonly output: Output },
): Promise<number> {
  const { signal, output } = options;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const directory = folderOf(model);
  await mkdir(directory, { recursive: true });
  await noteModel(model, false); // until every file was seen to be right
  let before = 0;
  let received = 0;
  try {
    for (const file of files) {
      const onProgress = (here: number) => output.progress(file.name, (before + here) / Math.max(1, bytes));
      received += await fetchFile(model, file, directory, { ...options, note: output.note, onProgress });
      before += file.bytes;
    }
  } catch (error) {
    if (signal.aborted)
      throw new Interrupted(`pull: what came of ${model.id} is kept. Pull again to go on there.`);
    throw error;
  }
  await noteModel(model, true);
  return received;
}

function endpointOf(text: string): string {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (!address || !/^https?:$/.test(address.protocol))
    refuse(
      'invalidRequest',
      `pull: --endpoint ${text} is no address of a hub. Use one such as https://huggingface.co.`,
    );
  return text.replace(/\/+$/, '');
}

function described(count: number, bytes: number, need: Need, free: number): string {
  const room = `${formatBytes(free)} free on the disk`;
  const memory = `${formatBytes(need.memoryBytes)} of memory in f32 for a text of ${need.context} tokens`;
  return `${count} files of ${formatBytes(bytes)} (${room}); ${memory} (${formatBytes(freemem())} free of ${formatBytes(totalmem())})`;
}

/** A configuration is a few kilobytes; what is longer is something else. */
const mostConfigBytes = 2 ** 20;

/** Reads an answer whose length nobody vouches for. @throws LabError where it is too long */
async function readSmall(response: Response, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostConfigBytes)
      refuse(
        'invalidFile',
        `pull: ${name} is longer than ${formatBytes(mostConfigBytes)}, which no configuration is. Check the name and --endpoint.`,
      );
  }
  return Buffer.concat(chunks);
}

/** Bytes that the disk has free where the cache is, or will be. */
async function freeBytes(folder = pulledFolder()): Promise<number> {
  const found = await statfs(folder).catch(() => undefined);
  return found ? found.bavail * found.bsize : freeBytes(dirname(folder));
}

function listed(models: readonly PulledModel[], output: Output): void {
  for (const model of models) {
    const { id, commit, bytes, isComplete, directory } = model;
    const state = isComplete ? '' : ', not whole yet';
    output.result(model, `${id}@${commit.slice(0, 12)}  ${formatBytes(bytes)}${state}  ${directory}`);
  }
  if (models.length === 0) output.note(`pull: there is no model in ${pulledFolder()}.`);
}

async function remove(name: string, output: Output): Promise<void> {
  const { id, revision } = parseHubName(name);
  const removed = await findPulled(id, name.includes('@') ? revision : undefined);
  if (removed.length === 0)
    refuse(
      'invalidRequest',
      `pull: there is no ${name} in ${pulledFolder()}. See what is there with --list.`,
    );
  for (const model of removed) {
    await deletePulled(model);
    output.result(
      { removed: true, ...model },
      `removed ${model.id}@${model.commit.slice(0, 12)}, ${formatBytes(model.bytes)}`,
    );
  }
}
