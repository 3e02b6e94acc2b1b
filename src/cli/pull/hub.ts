// A model on a hub: which commit a name means, and which of its files are a model here.
import { singleWeights, weightIndex } from '../../data/safetensors-shards.ts';
import { refuse } from '../failure.ts';

/** A name as it is given: `owner/name[@revision]`. */
export interface HubName {
  readonly id: string;
  readonly revision: string;
}

/** One file of a model. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** Of files that Git LFS keeps. */
  readonly sha256?: string;
  /** Git's name of the content (of LFS files that of their pointer). */
  readonly gitId?: string;
}

/** A model at one commit, which never changes. */
export interface HubModel extends HubName {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** How a hub is reached. */
export interface HubAccess {
  /** Such as https://huggingface.co */
  readonly endpoint: string;
  readonly fetch: typeof fetch;
  readonly token?: string | undefined;
}

/** Reads `owner/name[@revision]`; undefined of anything else. */
export function hubNameOf(text: string): HubName | undefined {
  const [, id, revision = 'main'] =
    /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w-][\w./-]*))?$/.exec(text.trim()) ?? [];
  return id === undefined || id.includes('..') || revision.includes('..') ? undefined : { id, revision };
}

/** The same. @throws LabError */
export function parseHubName(text: string): HubName {
  return (
    hubNameOf(text) ??
    refuse(
      'invalidRequest',
      `pull: ${JSON.stringify(text)} is no name of a model. Give OWNER/NAME or OWNER/NAME@REVISION.`,
    )
  );
}

/** Asks a hub for a model's commit and files. @throws LabError that says what the hub said */
export async function findModel({ id, revision }: HubName, access: HubAccess): Promise<HubModel> {
  // Loaded when it is asked for: no other command needs it.
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const { endpoint: hubUrl, fetch, token } = access;
  const common = { hubUrl, fetch, ...(token === undefined ? {} : { accessToken: token }) };
  try {
    const { sha } = await modelInfo({ name: id, revision, additionalFields: ['sha'], ...common });
    if (typeof sha !== 'string' || !/^[0-9a-f]{7,64}$/.test(sha))
      refuse('invalidRequest', `pull: ${hubUrl} names no commit of ${id}. Is it the address of a hub?`);
    const files: HubFile[] = [];
    for await (const { type, path, size, oid, lfs } of listFiles({ repo: id, revision: sha, ...common })) {
      if (type !== 'file') continue;
      const bytes = lfs?.size ?? size;
      files.push({
        name: path,
        bytes,
        ...(lfs ? { sha256: lfs.oid } : {}),
        ...(oid === undefined || lfs ? {} : { gitId: oid }),
      });
    }
    return { id, revision, commit: sha, files };
  } catch (error) {
    return refuseStatus(error, `${id}@${revision}`, access);
  }
}

/** Names that are of use here besides the weights. */
const companions: ReadonlySet<string> = new Set([
  ...['config.json', 'generation_config.json', 'README.md', 'LICENSE', 'LICENSE.txt', 'LICENSE.md'],
  ...['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'flopscope-tokenizer.json'],
]);

/**
 * The files that are fetched: one file of weights or several with their index, configuration, tokenizer, card and licence.
 * @throws LabError that says what is there instead
 */
export function filesToFetch({ id, files }: Pick<HubModel, 'id' | 'files'>): readonly HubFile[] {
  const names = new Set(files.map(({ name }) => name));
  const isWeights = names.has(singleWeights)
    ? (name: string) => name === singleWeights
    : (name: string) => name === weightIndex || /^[\w.-]+\.safetensors$/.test(name);
  const wanted = files.filter(({ name }) => companions.has(name) || isWeights(name));
  const lacks = (what: string, shown: readonly HubFile[], instead: string): never =>
    refuse(
      'invalidFile',
      `pull: ${id} has no ${what}, but ${
        shown
          .slice(0, 5)
          .map(({ name }) => name)
          .join(', ') || 'nothing'
      }. ${instead}`,
    );
  if (!names.has('config.json')) lacks('config.json', files, 'Choose a model in the layout of Transformers.');
  if (!wanted.some(({ name }) => name.endsWith('.safetensors')))
    lacks(
      singleWeights,
      files.filter(({ name }) => /\.(bin|h5|msgpack|gguf|pt|onnx)$/.test(name)),
      'Choose a revision with safetensors, or convert it: in Python, from_pretrained and save_pretrained.',
    );
  return wanted;
}

/** Where a file of a commit lies. */
export function fileAddress(
  { endpoint }: Pick<HubAccess, 'endpoint'>,
  model: HubModel,
  name: string,
): string {
  return `${endpoint}/${model.id}/resolve/${model.commit}/${encodeURIComponent(name)}`;
}

/** Headers of a request for a file: the token goes to the hub alone, for `fetch` drops it where another host is named. */
export function headersOf({ token }: Pick<HubAccess, 'token'>): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Turns a status of the hub into a sentence. @throws LabError, or the error itself */
export function refuseStatus(error: unknown, what: string, { endpoint, token }: HubAccess): never {
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (typeof status !== 'number') throw error;
  if (status === 401 || status === 403 || status === 404) {
    const secret =
      token === undefined
        ? 'if it is private or wants an agreement, put a token into HF_TOKEN'
        : 'the token in HF_TOKEN may not read it, or it wants an agreement on its page first';
    refuse('invalidRequest', `pull: ${endpoint} shows no ${what} (${status}). Check the name; ${secret}.`);
  }
  refuse('invalidRequest', `pull: ${endpoint} answers ${status} for ${what}. Try again later.`);
}
