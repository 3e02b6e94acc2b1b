// Adapters as the command line names them: directories in PEFT's layout, given beside their base.
import { join } from 'node:path';
import { Option } from 'commander';
import { stage } from '../lab/plans/problem.ts';
import { type AdapterWeights, readAdapterFiles, withAdapter } from '../lab/training/adapter-files.ts';
import type { ModelFiles } from '../lab/training/model-files.ts';
import { refuse } from './failure.ts';
import { isDirectory, openIfPresent, readModel, resolvePath } from './files.ts';
import { resolveModel } from './models.ts';

/** `--adapter`, where a model is used. */
export function adapterOption(): Option {
  return new Option(
    '--adapter <dir>',
    "add an adapter in PEFT's layout to the model as it is read, as flopscope train --adapter and Python PEFT write it",
  );
}

/** Reads an adapter to a model. @throws LabError */
export async function readAdapter(
  directory: string,
  model: Pick<ModelFiles, 'model' | 'type'>,
): Promise<AdapterWeights> {
  const path = resolvePath(directory);
  if (!(await isDirectory(path)))
    refuse(
      'invalidFile',
      `--adapter ${directory}: there is no such directory. Give one with adapter_config.json.`,
    );
  return stage('invalidFile', () => readAdapterFiles((name) => openIfPresent(join(path, name)), model));
}

/** Reads a model, with an adapter merged into it where one is given. @throws LabError */
export async function readAdapted(
  name: string,
  adapter: string | undefined,
  note: (line: string) => void,
): Promise<ModelFiles> {
  const files = await readModel(await resolveModel(name), note);
  return adapter === undefined ? files : withAdapter(files, await readAdapter(adapter, files));
}
