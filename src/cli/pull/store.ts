// Pulled models in the user's cache: one folder a commit, listed and deleted by name.
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { factsName, isNamed, type PulledFacts, readFacts } from '../../lab/hub/facts.ts';
import type { HubModel } from '../../lab/hub/repository.ts';
import { type Claim, withClaim } from '../claim.ts';
import { createDirectory, readIfPresent } from '../files.ts';
import { cacheDirectory } from '../profiles.ts';

/** A model in the cache. */
export interface PulledModel extends PulledFacts {
  readonly directory: string;
  /** Of all its files, parts of unfinished ones too. */
  readonly bytes: number;
}

/** Where they are. */
export function pulledFolder(): string {
  return join(cacheDirectory(), 'models');
}

/** The folder of a commit. */
export function folderOf({ id, commit }: Pick<HubModel, 'id' | 'commit'>): string {
  return join(pulledFolder(), id.replace('/', '--'), commit);
}

/** All models of the cache, by name. */
export async function listPulled(): Promise<PulledModel[]> {
  const found: PulledModel[] = [];
  for (const owner of await entriesOf(pulledFolder())) {
    for (const commit of await entriesOf(join(pulledFolder(), owner))) {
      const directory = join(pulledFolder(), owner, commit);
      const facts = readFacts(await readIfPresent(join(directory, factsName)));
      if (facts === undefined) continue; // no folder of ours
      let bytes = 0;
      for (const name of await entriesOf(directory)) bytes += (await stat(join(directory, name))).size;
      found.push({ ...facts, directory, bytes });
    }
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** A model's commits in the cache: all, or those that a revision names. */
export async function findPulled(id: string, revision: string | undefined): Promise<PulledModel[]> {
  return (await listPulled()).filter((model) => isNamed(model, id, revision));
}

/** Removes a model. @throws LabError while another process fetches it */
export async function deletePulled({ id, directory }: PulledModel): Promise<void> {
  const remove = () => rm(directory, { recursive: true, force: true });
  await withClaim(await claimOfPulled(id, directory), remove);
}

/** What one process at a time fetches or removes; the folder around it is made. */
export async function claimOfPulled(id: string, directory: string): Promise<Claim> {
  await createDirectory(dirname(directory));
  return {
    path: `${directory}.lock`,
    refusal: (who) => `pull: ${who} is at work on ${id}. Wait until it ends`,
  };
}

async function entriesOf(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}
