// The tokenizer of a model as files: ours, or Hugging Face's tokenizer.json and the settings beside it.
import { standInText } from '../../data/stand-ins.ts';
import { parseStrictJson } from '../../data/strict-json.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { chatFormatOf, templateKey } from '../../data/tokenizers/chat.ts';
import { tokenizerFileName, tokenizerFromJSON } from '../../data/tokenizers/file.ts';
import { huggingFaceTokenizer } from '../../data/tokenizers/hugging-face-file.ts';
import { publishedTokenizer } from '../../data/tokenizers/published.ts';
import {
  publishedLimitBytes,
  publishedTokenizerName,
  tokenizerSettingsName,
} from '../../data/tokenizers/published-file.ts';
import { LabError } from '../plans/problem.ts';
import type { OpenFile } from './weight-files.ts';

/** What a directory has of a tokenizer. */
export interface FoundTokenizer {
  readonly tokenizer: Tokenizer | undefined;
  /** Why there is none although there is a file: the model is of use without text. */
  readonly tokenizerProblem?: string;
}

/** The file in which Transformers 5 writes a template. */
const chatTemplateName = 'chat_template.jinja';

/** The largest published templates have 30 thousand bytes. */
const templateLimitBytes = 2 ** 20;

const bounds = { maxDepth: 32, maxKeys: 1_000_000 };

/** Reads our own file, or else a published one. @throws an Error in one sentence if our own is damaged */
export async function readTokenizer(open: OpenFile): Promise<FoundTokenizer> {
  const own = await readJson(open, tokenizerFileName);
  if (own !== undefined) return { tokenizer: tokenizerFromJSON(own) };
  try {
    const published = await readJson(open, publishedTokenizerName);
    if (published === undefined) return { tokenizer: undefined, ...(await unreadTokenizer(open)) };
    return { tokenizer: publishedTokenizer(published, await readSettings(open)) };
  } catch (error) {
    return {
      tokenizer: undefined,
      tokenizerProblem: error instanceof Error ? error.message : String(error),
    };
  }
}

/** The settings beside a published tokenizer, with the chat template that may stand in a file of its own and then goes first. */
async function readSettings(open: OpenFile): Promise<Readonly<Record<string, unknown>> | undefined> {
  const found = await readJson(open, tokenizerSettingsName);
  const settings = isRecord(found) ? found : undefined;
  const file = await open(chatTemplateName);
  if (!file) return settings;
  if (file.bytes > templateLimitBytes) {
    const sizes = `${file.bytes} bytes, the limit is ${templateLimitBytes}`;
    throw new Error(`${chatTemplateName}: too large: ${sizes}. Is it a template?`);
  }
  const template = new TextDecoder().decode(await file.read(0, file.bytes));
  return { ...settings, [templateKey]: template };
}

/** The tokenizer that a text needs. @param instead what to do without one @throws LabError that says why there is none */
export function tokenizerOf({ tokenizer, tokenizerProblem }: FoundTokenizer, instead: string): Tokenizer {
  if (tokenizer) return tokenizer;
  const none = `model: there is no ${tokenizerFileName} and no ${publishedTokenizerName}, so text is unknown.`;
  throw new LabError({ kind: 'invalidFile', message: tokenizerProblem ?? `${none} ${instead}` });
}

/**
 * The files of a tokenizer: a published one as it was read, one of ours in our own form and in that of Hugging Face.
 * @param context tokens that the model sees at once
 */
export function tokenizerFiles(
  tokenizer: Tokenizer,
  context: number,
): { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }[] {
  const file = tokenizer.toJSON();
  const published = { name: publishedTokenizerName, bytes: jsonBytes(huggingFaceTokenizer(file)) };
  if (file.kind === 'published') {
    const { settings } = file;
    return [published, ...(settings ? [{ name: tokenizerSettingsName, bytes: jsonBytes(settings) }] : [])];
  }
  // The class that reads any tokenizer.json in Transformers; spaces before signs are the text's own.
  const chat = chatFormatOf(tokenizer);
  const settings = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: context,
    clean_up_tokenization_spaces: false,
    ...(chat ? { ...chat.specials, [templateKey]: chat.template } : {}),
  };
  return [
    { name: tokenizerFileName, bytes: jsonBytes(file) },
    published,
    { name: tokenizerSettingsName, bytes: jsonBytes(settings) },
  ];
}

/** Tokenizers in other forms, which Transformers turns into the one that is read. */
async function unreadTokenizer(open: OpenFile): Promise<Pick<FoundTokenizer, 'tokenizerProblem'>> {
  for (const name of ['tokenizer.model', 'vocab.json', 'vocab.txt']) {
    if (!(await open(name))) continue;
    const tokenizerProblem =
      `model: there is no ${publishedTokenizerName}, but ${name}, which is not read. ` +
      'Convert it: in Python, AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR).';
    return { tokenizerProblem };
  }
  return {};
}

async function readJson(open: OpenFile, name: string): Promise<unknown> {
  const file = await open(name);
  if (!file) return undefined;
  if (file.bytes > publishedLimitBytes) {
    throw new Error(
      `${name}: too large: ${file.bytes} bytes, the limit is ${publishedLimitBytes}. Is it a tokenizer?`,
    );
  }
  const bytes = await file.read(0, file.bytes);
  const standIn = standInText(name, bytes);
  if (standIn !== undefined) throw new Error(standIn);
  return parseStrictJson(name, new TextDecoder().decode(bytes), bounds);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
