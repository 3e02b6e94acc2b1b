// `flopscope pull`: a published model into the user's cache, after saying how large it is and whether it fits.
import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { type FoundModel, fetchModel, lookUp } from '../../lab/hub/pull.ts';
import { type HubAccess, parseHubName } from '../../lab/hub/repository.ts';
import { createPatientFetch } from '../../lab/hub/requests.ts';
import { textColumns } from '../../text/columns.ts';
import { formatBytes, formatCount } from '../../text/numbers.ts';
import { withClaim } from '../claim.ts';
import { Interrupted, refuse } from '../failure.ts';
import { withInterruption } from '../interruption.ts';
import { jsonOption, outputOf } from '../options.ts';
import type { Output } from '../output.ts';
import { openDiskFolder } from './disk-folder.ts';
import {
  claimOfPulled,
  deletePulled,
  findPulled,
  folderOf,
  listPulled,
  type PulledModel,
  pulledFolder,
} from './store.ts';

/** A hub as a command reaches it, until it is interrupted. */
type TerminalAccess = HubAccess & { readonly signal: AbortSignal };

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
  const access = accessOf(options, output, signal);
  const found = await lookUp(parseHubName(name), access);
  const { published, bytes, need } = found;
  const { id, revision, commit } = published;
  found.notes.forEach(output.note);
  const directory = folderOf(published);
  const there = (await listPulled()).find((one) => one.directory === directory);
  const rest = Math.max(0, bytes - (there?.bytes ?? 0));
  const free = await freeBytes();
  const facts = { id, revision, commit, directory, bytes, ...need, freeBytes: free };
  output.note(`pull: ${id}@${commit.slice(0, 12)}: ${described(found, free)}.`);
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
  const received = await withClaim(await claimOfPulled(id, directory), () =>
    fetchInto(directory, found, access, output),
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
      files: found.files.map((file) => ({ name: file.name, bytes: file.bytes })),
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

/** How the hub is reached, and what a person at a terminal can do where it is not. */
function accessOf(options: PullOptions, output: Output, signal: AbortSignal): TerminalAccess {
  const token = process.env.HF_TOKEN || undefined;
  const unreachable = 'Check the network or --endpoint, and pull again.';
  return {
    endpoint: endpointOf(options.endpoint),
    fetch: createPatientFetch({ signal, note: output.note, unreachable }),
    signal,
    token,
    advice: {
      hidden:
        token === undefined
          ? 'if it is private or wants an agreement, put a token into HF_TOKEN'
          : 'the token in HF_TOKEN may not read it, or it wants an agreement on its page first',
      agreed: 'put a token of the same account into HF_TOKEN',
      unreachable,
      wrongHub: 'Check the name and --endpoint.',
    },
  };
}

/** Fetches what is not here yet. @returns bytes that came over the network @throws Interrupted, or LabError */
async function fetchInto(
  directory: string,
  found: FoundModel,
  access: TerminalAccess,
  output: Output,
): Promise<number> {
  const onProgress = (here: number, file: string) => output.progress(file, here / Math.max(1, found.bytes));
  try {
    const folder = await openDiskFolder(directory);
    return await fetchModel(found, { ...access, folder, note: output.note, onProgress });
  } catch (error) {
    if (!access.signal.aborted) throw error;
    throw new Interrupted(`pull: what came of ${found.published.id} is kept. Pull again to go on there.`);
  }
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

function described({ files, bytes, need }: FoundModel, free: number): string {
  const room = `${formatBytes(free)} free on the disk`;
  const memory = `${formatBytes(need.memoryBytes)} of memory in f32 for a text of ${need.context} tokens`;
  return `${files.length} files of ${formatBytes(bytes)} (${room}); ${memory} (${formatBytes(freemem())} free of ${formatBytes(totalmem())})`;
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
