// Turns a data configuration into tokens: a generated corpus or a person's own text, tokenized and split.

import type { BytesPerToken } from '../../contract/runs.ts';
import { chatSpecials, chatTokens, parseChatText } from '../../data/chat-text.ts';
import { generateCorpus } from '../../data/corpora.ts';
import { createDataset, type Dataset, fillEvaluationBatch } from '../../data/dataset.ts';
import { computeLossFloors, type LossFloors } from '../../data/floors.ts';
import { sha256Hex } from '../../data/sha256.ts';
import { type ReadProgress, readText, readTokens } from '../../data/text-file.ts';
import { normaliseText } from '../../data/text-pieces.ts';
import {
  createTokenArray,
  type OwnTokenizer,
  type TokenArray,
  type Tokenizer,
} from '../../data/tokenizer.ts';
import { byteTokenizer } from '../../data/tokenizers/bytes.ts';
import { trainCharacterTokenizer } from '../../data/tokenizers/characters.ts';
import { withSpecialTokens } from '../../data/tokenizers/special-tokens.ts';
import type { WorkControl } from '../../data/tokenizers/turns.ts';
import type { DataConfig, TrainConfig } from '../../model/config.ts';
import { formatPercent } from '../../text/numbers.ts';
import { type MicroBatch, writeMarkedTargets } from './batches.ts';
import {
  type Conversation,
  encodeConversations,
  isConversations,
  readConversations,
} from './conversations.ts';
import { learnedTokenizer } from './learned-tokenizers.ts';

/** Tokens of a run, with what made them. */
export interface Corpus {
  readonly tokens: TokenArray;
  readonly tokenizer: Tokenizer;
  /** SHA-256 of the text, hexadecimal: runs and checkpoints name their data by it. */
  readonly sha256: string;
  /** Of conversations: 1 for each token that an assistant says. */
  readonly marks?: Uint8Array;
  readonly conversations?: readonly Conversation[];
}

/**
 * Loads the corpus of a configuration.
 * @param text the person's own text, needed when `data.source` is `file`
 * @param tokenizer of a model that exists already; otherwise one is made for the text
 * @param control of the learning of byte pairs
 * @throws if the text has a character that the tokenizer lacks, and what the text reader throws for files that are empty, binary, too large or not UTF-8.
 */
export async function loadCorpus(
  data: DataConfig,
  text?: Blob,
  onProgress?: (progress: ReadProgress) => void,
  tokenizer?: Tokenizer,
  control?: WorkControl,
): Promise<Corpus> {
  if (data.source === 'instructions') {
    const generated = generate(data.source, data);
    const sha256 = sha256Hex(new TextEncoder().encode(generated));
    const conversations = tokenizer
      ? writableConversations(parseChatText(generated), tokenizer)
      : parseChatText(generated);
    return conversationCorpus(conversations, sha256, data, tokenizer, control);
  }
  if (data.source !== 'file') {
    const generated = generate(data.source, data);
    const used = tokenizer ?? (await tokenizerFor(generated, data, control));
    const text = tokenizer ? writableText(generated, tokenizer) : generated;
    const sha256 = sha256Hex(new TextEncoder().encode(text));
    return { tokens: narrowed(await used.encode(text), used), tokenizer: used, sha256 };
  }
  if (!text) throw new Error('data: the source is "file" but no text was given. Choose a text file.');
  if (isConversations(await text.slice(0, beginningBytes).text())) {
    const read = await readText(text, onProgress ? { onProgress } : {});
    return conversationCorpus(readConversations(read.text), read.sha256, data, tokenizer, control);
  }
  const kind = tokenizer?.kind ?? data.tokenizer;
  if (kind !== 'characters' && kind !== 'bytes') {
    const read = await readText(text, onProgress ? { onProgress } : {});
    const used = tokenizer ?? (await tokenizerFor(read.text, data, control));
    return { tokens: narrowed(await used.encode(read.text), used), tokenizer: used, sha256: read.sha256 };
  }
  const read = await readTokens(text, kind, onProgress ? { onProgress } : {});
  const isOwn = !tokenizer || JSON.stringify(read.tokenizer.toJSON()) === JSON.stringify(tokenizer.toJSON());
  const corpus = { tokens: read.tokens, tokenizer: read.tokenizer, sha256: read.sha256 };
  // The model may know more characters than this text has: then its ids are others.
  return isOwn
    ? corpus
    : { ...corpus, tokenizer, tokens: await tokenizer.encode((await readText(text)).text) };
}

/** What is looked at to tell conversations from other texts. */
const beginningBytes = 65_536;

/** Conversations in the tokens of a model, or of a tokenizer made for what they say, with special tokens between turns. */
async function conversationCorpus(
  conversations: readonly Conversation[],
  sha256: string,
  data: DataConfig,
  tokenizer: Tokenizer | undefined,
  control: WorkControl | undefined,
): Promise<Corpus> {
  const contents = () =>
    conversations.flatMap((messages) => messages.map(({ content }) => content)).join('\n');
  const used = tokenizer ?? withSpecialTokens(await tokenizerFor(contents(), data, control), chatTokens);
  const { tokens, marks } = await encodeConversations(used, conversations, (fraction) =>
    control?.onProgress?.('writing conversations', fraction),
  );
  return { tokens: narrowed(tokens, used), tokenizer: used, sha256, marks, conversations };
}

/** Tokens in as few bytes as hold them: a long text stays in memory for the whole run. */
function narrowed(tokens: Uint32Array, { vocabularySize }: Tokenizer): TokenArray {
  const array = createTokenArray(vocabularySize, tokens.length);
  array.set(tokens);
  return array;
}

/** A tokenizer of the kind that is asked for. @throws where only a model can bring it */
async function tokenizerFor(
  text: string,
  { tokenizer, tokenizerVocabulary }: DataConfig,
  control: WorkControl | undefined,
): Promise<OwnTokenizer> {
  switch (tokenizer) {
    case 'characters':
      return trainCharacterTokenizer(text);
    case 'bytes':
      return byteTokenizer();
    case 'bpe':
      return learnedTokenizer(text, tokenizerVocabulary, control);
    case 'model':
      throw new Error(
        'data.tokenizer: "model" is that of an opened model. Open one, or choose "characters".',
      );
    default:
      return tokenizer satisfies never;
  }
}

/**
 * What a tokenizer can write of a generated text: a model of another text lacks some of its characters.
 * @throws if it lacks half of the text.
 */
function writableText(text: string, tokenizer: Tokenizer): string {
  const file = tokenizer.toJSON();
  if (file.kind !== 'characters') return text;
  const known = new Set(file.characters);
  const kept = [...text].filter((character) => known.has(character)).join('');
  if (kept.length * 2 >= text.length) return kept;
  throw unwritable(kept.length / text.length);
}

/** The same of conversations, each of which is kept whole or not at all. */
function writableConversations(
  conversations: readonly Conversation[],
  tokenizer: Tokenizer,
): readonly Conversation[] {
  const file = tokenizer.toJSON();
  if (file.kind !== 'characters') return conversations;
  const known = new Set(file.characters);
  const kept = conversations.filter((messages) =>
    messages.every(({ content }) => [...content].every((character) => known.has(character))),
  );
  if (kept.length * 2 >= conversations.length) return kept;
  throw unwritable(kept.length / conversations.length);
}

function unwritable(share: number): Error {
  return new Error(
    `data: the model's tokenizer has only ${formatPercent(share)} of the generated text. Open the model together with its text file.`,
  );
}

function generate(source: Exclude<DataConfig['source'], 'file'>, { seed, characters }: DataConfig): string {
  return generateCorpus(source, seed, characters);
}

/** Training and validation splits for a context length. @throws if a split is shorter than one row. */
export function splitCorpus(corpus: Corpus, data: DataConfig, contextLength: number): Dataset {
  return createDataset(corpus.tokens, {
    contextLength,
    vocabularySize: corpus.tokenizer.vocabularySize,
    validationFraction: data.validationFraction,
    ...(corpus.marks ? { marks: corpus.marks } : {}),
  });
}

/**
 * The targets that a run learns from: marked ones, where it learns from answers, or else all.
 * @throws where a text has no answers
 */
export function targetsOf(dataset: Dataset, { lossPositions }: Pick<TrainConfig, 'lossPositions'>): Dataset {
  const { marks, ...all } = dataset;
  if (lossPositions !== 'answers') return all;
  if (marks) return { ...all, marks };
  throw new Error(
    'train.lossPositions: "answers" is for conversations, and this text has none. Choose the text "instructions", or a file of ' +
      'JSON lines of {"messages": […]}, or the loss on "all".',
  );
}

/** The batches of an evaluation, the same every time: evenly spaced windows of the validation split. */
export function evaluationBatches(dataset: Dataset, batch: number, batches: number): MicroBatch[] {
  return Array.from({ length: batches }, (_, index) => {
    const tokens = new Uint32Array(batch * (dataset.contextLength + 1));
    const time = dataset.contextLength;
    fillEvaluationBatch(dataset.validation, time, { batch, batches, index }, tokens);
    if (!dataset.marks) return { tokens };
    const marks = new Uint32Array(tokens.length);
    fillEvaluationBatch(dataset.marks.validation, time, { batch, batches, index }, marks);
    const targets = new Uint32Array(batch * time);
    writeMarkedTargets({ tokens, marks }, time, targets);
    return { tokens, targets };
  });
}

/** Losses that need no model. */
export function floorsOf(dataset: Dataset): LossFloors {
  return computeLossFloors(dataset.training, dataset.validation, dataset.vocabularySize, dataset.marks);
}

/** The tokens of a prompt as a model wants it, after what opens a text. */
export async function promptTokens(tokenizer: Tokenizer, prompt: string): Promise<readonly number[]> {
  return [...tokenizer.prefix, ...(await tokenizer.encode(normaliseText(prompt)))];
}

/** Whether texts are conversations between special tokens of ours. */
function hasChatTokens(tokenizer: Tokenizer): boolean {
  const file = tokenizer.toJSON();
  return file.kind !== 'published' && file.special?.includes(chatSpecials.bos_token) === true;
}

/** A natural place to begin: what opens a text, or a line end if the alphabet has one, or else its first token. */
export async function startTokens({ tokenizer }: Pick<Corpus, 'tokenizer'>): Promise<readonly number[]> {
  if (tokenizer.prefix.length > 0) return tokenizer.prefix;
  if (hasChatTokens(tokenizer)) return [...(await tokenizer.encode(chatSpecials.bos_token))];
  try {
    const lineEnd = await tokenizer.encode('\n');
    return lineEnd.length > 0 ? [...lineEnd] : [0];
  } catch {
    return [0];
  }
}

/** A text that goes on, token by token, for tokenizers whose tokens are more than characters: elsewhere it shows nothing. */
export function textPieces(tokenizer: Tokenizer, ids: readonly number[]): readonly string[] | undefined {
  if (tokenizer.kind === 'characters' || tokenizer.kind === 'bytes') return undefined;
  const decoder = tokenizer.createStreamDecoder(true);
  const pieces = ids.map((id) => decoder.push([id]));
  return [...pieces, decoder.end()].filter((piece) => piece !== '');
}

/** Mean bytes of a token of each split, of those that count as targets. */
export function bytesPerToken({ training, validation, marks }: Dataset, tokenizer: Tokenizer): BytesPerToken {
  const lengths = Float64Array.from({ length: tokenizer.vocabularySize }, (_, id) =>
    tokenizer.byteLength(id),
  );
  const mean = (split: TokenArray, counted: Uint8Array | undefined) => {
    let [bytes, count] = [0, 0];
    for (let i = 0; i < split.length; i++) {
      if (counted && counted[i] === 0) continue;
      bytes += lengths[split[i]];
      count++;
    }
    return bytes / count;
  };
  return {
    training: mean(training, marks?.training),
    validation: mean(validation, marks?.validation),
  };
}

/** What a split text says before any model does. */
export interface TextFigures {
  readonly floors: LossFloors;
  readonly bytesPerToken: BytesPerToken;
}

/** By text and by where it is split, below zero where marked tokens count alone: runs of a study share a text of many million tokens. */
const knownFigures = new WeakMap<Corpus, Map<number, TextFigures>>();

/** The figures of a text, counted once for all runs on it. @param dataset a split of it, by `splitCorpus` */
export function textFigures(corpus: Corpus, dataset: Dataset): TextFigures {
  const bySplit = knownFigures.get(corpus) ?? new Map<number, TextFigures>();
  knownFigures.set(corpus, bySplit);
  const split = dataset.training.length * (dataset.marks ? -1 : 1);
  const known = bySplit.get(split);
  if (known) return known;
  const figures = {
    floors: floorsOf(dataset),
    bytesPerToken: bytesPerToken(dataset, corpus.tokenizer),
  };
  bySplit.set(split, figures);
  return figures;
}

/** Tokens as they are read, with spaces and line ends made visible. */
export function tokenNames({ tokenizer }: Pick<Corpus, 'tokenizer'>, ids: readonly number[]): string[] {
  return ids.map((id) => tokenizer.decode([id], true).replaceAll(' ', '␣').replaceAll('\n', '⏎'));
}
