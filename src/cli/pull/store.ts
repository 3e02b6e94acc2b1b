// Pulled models in the user's cache: one folder a commit, listed and deleted by name.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readIfPresent, writeFiles } from '../files.ts';
import { cacheDirectory } from '../profiles.ts';
import type { HubModel } from './hub.ts';
import { withFolderLocked } from './lock.ts';

/** A model in the cache. */
export interface PulledModel {
  readonly id: string;
  readonly revision: string;
  readonly commit: string;
  readonly directory: string;
  /** Of all its files, parts of unfinished ones too. */
  readonly bytes: number;
  readonly isComplete: boolean;
}

const factsName = 'pulled.json';
const factsSchema = v.object({
  id: v.string(),
  revision: v.string(),
  commit: v.string(),
  isComplete: v.boolean(),
});

/** Where they are. */
export function pulledFolder(): string {
  return join(cacheDirectory(), 'models');
}

/** The folder of a commit. */
export function folderOf({ id, commit }: Pick<HubModel, 'id' | 'commit'>): string {
  return join(pulledFolder(), id.replace('/', '--'), commit);
}

/** Notes beside a model's files what they are. */
export async function noteModel(model: HubModel, isComplete: boolean): Promise<void> {
  const { id, revision, commit } = model;
  const text = `${JSON.stringify({ id, revision, commit, isComplete }, undefined, 2)}\n`;
  await writeFiles(folderOf(model), [{ name: factsName, bytes: new TextEncoder().encode(text) }]);
}

/** All models of the cache, by name. */
export async function listPulled(): Promise<PulledModel[]> {
  const found: PulledModel[] = [];
  for (const owner of await entriesOf(pulledFolder())) {
    for (const commit of await entriesOf(join(pulledFolder(), owner))) {
      const directory = join(pulledFolder(), owner, commit);
      const facts = v.safeParse(factsSchema, parsed(await readIfPresent(join(directory, factsName))));
      if (!facts.success) continue; // no folder of ours
      let bytes = 0;
      for (const name of await entriesOf(directory)) bytes += (await stat(join(directory, name))).size;
      found.push({ ...facts.output, directory, bytes });
    }
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** A model's commits in the cache: all, or those that a revision names. */
export async function findPulled(id: string, revision: string | undefined): Promise<PulledModel[]> {
  return (await listPulled()).filter(
    (model) =>
      model.id === id &&
      (revision === undefined || model.revision === revision || model.commit.startsWith(revision)),
  );
}

/** Removes a model. @throws LabError while another process fetches it */
export async function deletePulled({ id, directory }: PulledModel): Promise<void> {
  await withFolderLocked(directory, id, () => rm(directory, { recursive: true, force: true }));
}

function parsed(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

async function entriesOf(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}
