// Turns a data configuration into tokens: a generated corpus or a person's own text, tokenized and split.

import { generateCorpus } from '../../data/corpora.ts';
import { createDataset, type Dataset, fillEvaluationBatch } from '../../data/dataset.ts';
import { computeLossFloors, type LossFloors } from '../../data/floors.ts';
import { sha256Hex } from '../../data/sha256.ts';
import { type ReadProgress, readText, readTokens } from '../../data/text-file.ts';
import {
  byteTokenizer,
  type TokenArray,
  type Tokenizer,
  trainCharacterTokenizer,
} from '../../data/tokenizer.ts';
import type { DataConfig } from '../../model/config.ts';
import { formatPercent } from '../../text/numbers.ts';
import type { MicroBatch } from './batches.ts';

/** Tokens of a run, with what made them. */
export interface Corpus {
  readonly tokens: TokenArray;
  readonly tokenizer: Tokenizer;
  /** SHA-256 of the text, hexadecimal: runs and checkpoints name their data by it. */
  readonly sha256: string;
}

/**
 * Loads the corpus of a configuration.
 * @param text the person's own text, needed when `data.source` is `file`
 * @param tokenizer of a model that exists already; otherwise one is made for the text
 * @throws if the text has a character that the tokenizer lacks, and what the text reader throws for files that are empty, binary, too large or not UTF-8.
 */
export async function loadCorpus(
  data: DataConfig,
  text?: Blob,
  onProgress?: (progress: ReadProgress) => void,
  tokenizer?: Tokenizer,
): Promise<Corpus> {
  if (data.source !== 'file') {
    const generated = generate(data.source, data);
    const own = data.tokenizer === 'bytes' ? byteTokenizer : () => trainCharacterTokenizer(generated);
    const used = tokenizer ?? own();
    const text = tokenizer ? writableText(generated, tokenizer) : generated;
    const sha256 = sha256Hex(new TextEncoder().encode(text));
    return { tokens: used.encode(text), tokenizer: used, sha256 };
  }
  if (!text) throw new Error('data: the source is "file" but no text was given. Choose a text file.');
  const kind = tokenizer?.kind ?? data.tokenizer;
  const read = await readTokens(text, kind, onProgress ? { onProgress } : {});
  const isOwn = !tokenizer || JSON.stringify(read.tokenizer.toJSON()) === JSON.stringify(tokenizer.toJSON());
  const corpus = { tokens: read.tokens, tokenizer: read.tokenizer, sha256: read.sha256 };
  // The model may know more characters than this text has: then its ids are others.
  return isOwn ? corpus : { ...corpus, tokenizer, tokens: tokenizer.encode((await readText(text)).text) };
}

/**
 * What a tokenizer can write of a generated text: a model of another text lacks some of its characters.
 * @throws if it lacks half of the text.
 */
function writableText(text: string, tokenizer: Tokenizer): string {
  const file = tokenizer.toJSON();
  if (file.kind === 'bytes') return text;
  const known = new Set(file.characters);
  const kept = [...text].filter((character) => known.has(character)).join('');
  if (kept.length * 2 >= text.length) return kept;
  const percent = formatPercent(kept.length / text.length);
  throw new Error(
    `data: the model's tokenizer has only ${percent} of the generated text. Open the model together with its text file.`,
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
  });
}

/** The batches of an evaluation, the same every time: evenly spaced windows of the validation split. */
export function evaluationBatches(dataset: Dataset, batch: number, batches: number): MicroBatch[] {
  return Array.from({ length: batches }, (_, index) => {
    const tokens = new Uint32Array(batch * (dataset.contextLength + 1));
    fillEvaluationBatch(dataset.validation, dataset.contextLength, { batch, batches, index }, tokens);
    return { tokens };
  });
}

/** Losses that need no model. */
export function floorsOf(dataset: Dataset): LossFloors {
  return computeLossFloors(dataset.training, dataset.validation, dataset.vocabularySize);
}

/** Tokens as they are read, with spaces and line ends made visible. */
export function tokenNames({ tokenizer }: Pick<Corpus, 'tokenizer'>, ids: readonly number[]): string[] {
  return ids.map((id) => tokenizer.decode([id]).replace(' ', '␣').replace('\n', '⏎'));
}
