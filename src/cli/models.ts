// Models as the command line names them: a path, or OWNER/NAME[@REVISION] of one that was pulled.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hubNameOf } from '../lab/hub/repository.ts';
import type { DraftNeeds } from '../lab/training/sampling-needs.ts';
import { refuse } from './failure.ts';
import { isDirectory, readModel, resolvePath } from './files.ts';
import { findPulled } from './pull/store.ts';

/** What commands that read a model take, for their help. */
export const modelArgument = 'model directory, GGUF file, or OWNER/NAME[@REVISION] that was pulled';

/**
 * Where a model is: the path as the caller means it, if there is something; else the pulled model of this name; else that path.
 * @throws LabError of a pulled model that is not whole, or of which there are several commits
 */
export async function resolveModel(name: string): Promise<string> {
  const path = resolvePath(name);
  const hubName = hubNameOf(name);
  if (hubName === undefined || (await stat(path).catch(() => undefined)) !== undefined) return path;
  const { id, revision } = hubName;
  const found = await findPulled(id, name.includes('@') ? revision : undefined);
  const whole = found.filter(({ isComplete }) => isComplete);
  const [model, other] = whole;
  if (other !== undefined)
    refuse(
      'invalidRequest',
      `${name}: several commits of it are here. Name one: ${whole.map(({ commit }) => `${id}@${commit.slice(0, 12)}`).join(', ')}.`,
    );
  if (model !== undefined) return model.directory;
  if (found.length > 0)
    refuse(
      'invalidRequest',
      `${name}: its pull was not finished. Go on with it: flopscope pull ${id}@${found[0].revision}`,
    );
  if (/\.(json|gguf)$/i.test(name) || (await isDirectory(dirname(path)))) return path; // meant as a path
  return refuse(
    'invalidFile',
    `${name}: there is no such directory or file, and no model of this name was pulled. Check it, or fetch it: flopscope pull ${name}`,
  );
}

/** Who drafts, as `--draft` says it: n-grams, or a model. */
export async function readDraft(
  draft: string | undefined,
  tokens: number,
  note: (text: string) => void,
): Promise<DraftNeeds | undefined> {
  if (draft === undefined) return undefined;
  return { source: draft === 'ngram' ? draft : await readModel(await resolveModel(draft), note), tokens };
}
