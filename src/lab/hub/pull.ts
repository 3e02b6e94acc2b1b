// Pulling a model: what it is and takes is known first, then its files are fetched into a folder.
import { formatBytes } from '../../text/numbers.ts';
import { LabError, stage } from '../plans/problem.ts';
import { type DownloadOptions, fetchFile } from './download.ts';
import { factsBytes, factsName } from './facts.ts';
import { type CheckedModel, checkModel } from './need.ts';
import {
  fileAddress,
  filesToFetch,
  findModel,
  type HubAccess,
  type HubFile,
  type HubModel,
  type HubName,
  headersOf,
  refuseStatus,
} from './repository.ts';

/** A model that can be pulled. */
export interface FoundModel extends CheckedModel {
  readonly published: HubModel;
  readonly files: readonly HubFile[];
  /** Of all files. */
  readonly bytes: number;
}

/** Finds out what a name means and whether it is computed here; only its configuration is fetched. @throws LabError */
export async function lookUp(name: HubName, access: HubAccess): Promise<FoundModel> {
  const published = await findModel(name, access);
  const files = filesToFetch(published);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const config = await access.fetch(fileAddress(access, published, 'config.json'), {
    headers: headersOf(access),
  });
  if (!config.ok) refuseStatus(config, `config.json of ${published.id}`, access, published);
  const checked = await stage('invalidFile', async () =>
    checkModel(await readSmall(config, 'config.json', access)),
  );
  return { published, files, bytes, ...checked };
}

/** What a pull is told, and tells. */
export interface PullOptions extends Omit<DownloadOptions, 'onProgress'> {
  /** Bytes of the model that are here, and the file that is being fetched. */
  readonly onProgress: (bytes: number, file: string) => void;
}

/**
 * Fetches what is not in the folder yet. Its facts say that it is whole only when every file was seen to be right.
 * @returns bytes that came over the network
 * @throws LabError, or what the signal was aborted with; what came is kept
 */
export async function fetchModel(
  { published, files, bytes }: Pick<FoundModel, 'published' | 'files' | 'bytes'>,
  options: PullOptions,
): Promise<number> {
  const note = (isComplete: boolean) =>
    options.folder.write(factsName, factsBytes({ ...published, totalBytes: bytes, isComplete }));
  await note(false);
  let before = 0;
  let received = 0;
  for (const file of files) {
    options.onProgress(before, file.name);
    received += await fetchFile(published, file, {
      ...options,
      onProgress: (here) => options.onProgress(before + here, file.name),
    });
    before += file.bytes;
  }
  await note(true);
  return received;
}

/** A configuration is a few kilobytes; what is longer is something else. */
const mostConfigBytes = 2 ** 20;

/** Reads an answer whose length nobody vouches for. @throws LabError where it is too long */
async function readSmall(response: Response, name: string, { advice }: HubAccess): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (value === undefined) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    chunks.push(value);
    bytes += value.length;
    if (bytes <= mostConfigBytes) continue;
    await reader?.cancel();
    throw new LabError({
      kind: 'invalidFile',
      message: `pull: ${name} is longer than ${formatBytes(mostConfigBytes)}, which no configuration is. ${advice.wrongHub}`,
    });
  }
}
