// A model on a hub: which commit a name means, and which of its files are a model here.
import { singleWeights, weightIndex } from '../../data/safetensors-shards.ts';
import { LabError } from '../plans/problem.ts';

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
  /** Its files are for those who agreed to something on its page. */
  readonly isGated: boolean;
  readonly files: readonly HubFile[];
}

/** How a hub is reached. */
export interface HubAccess {
  /** Such as https://huggingface.co */
  readonly endpoint: string;
  readonly fetch: typeof fetch;
  readonly token?: string | undefined;
  readonly advice: HubAdvice;
}

/** What a person can do about what a hub says, in words of where they are: ends of sentences, and sentences. */
export interface HubAdvice {
  /** Of a model that is not shown: it may be private. */
  readonly hidden: string;
  /** Of one that wants an agreement first, which was made. */
  readonly agreed: string;
  /** Where a hub cannot be reached. */
  readonly unreachable: string;
  /** Where what answers is no hub. */
  readonly wrongHub: string;
}

/** Ends a pull with a sentence that a person can act on. */
export function refuse(kind: 'invalidRequest' | 'invalidFile', message: string): never {
  throw new LabError({ kind, message: `pull: ${message}` });
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
      `${JSON.stringify(text)} is no name of a model. Give OWNER/NAME or OWNER/NAME@REVISION.`,
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
    const { sha, gated } = await modelInfo({ name: id, revision, additionalFields: ['sha'], ...common });
    if (typeof sha !== 'string' || !/^[0-9a-f]{7,64}$/.test(sha))
      refuse('invalidRequest', `${hubUrl} names no commit of ${id}. ${access.advice.wrongHub}`);
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
    return { id, revision, commit: sha, isGated: gated !== false, files };
  } catch (error) {
    return refuseStatus(error, `${id}@${revision}`, access);
  }
}

/** Names that are of use here besides the weights. */
const companions: ReadonlySet<string> = new Set([
  ...['config.json', 'generation_config.json', 'README.md', 'LICENSE', 'LICENSE.txt', 'LICENSE.md'],
  ...['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja'],
  'flopscope-tokenizer.json',
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
      `${id} has no ${what}, but ${
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

/** Turns an answer that is none, or what was thrown for it, into a sentence. @throws LabError, or the error itself */
export function refuseStatus(
  answer: unknown,
  what: string,
  { endpoint, advice }: HubAccess,
  { id, isGated }: Partial<HubModel> = {},
): never {
  const { status, statusCode = status } = (answer ?? {}) as Partial<Response & { statusCode: unknown }>;
  if (typeof statusCode !== 'number') throw answer;
  const isHidden = statusCode === 401 || statusCode === 403;
  if (isHidden && isGated === true)
    refuse(
      'invalidRequest',
      `${endpoint} gives ${what} only to those who agreed to its terms (${statusCode}). Agree on ${endpoint}/${id}; then ${advice.agreed}.`,
    );
  if (isHidden || statusCode === 404)
    refuse(
      'invalidRequest',
      `${endpoint} shows no ${what} (${statusCode}). Check the name; ${advice.hidden}.`,
    );
  return refuse('invalidRequest', `${endpoint} answers ${statusCode} for ${what}. Try again later.`);
}
