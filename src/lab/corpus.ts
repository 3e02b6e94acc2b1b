// Turns a data configuration into tokens: a generated corpus or a person's own text, tokenized and split.
import { generateCorpus } from '../data/corpora.ts';
import { createDataset, type Dataset, fillEvaluationBatch } from '../data/dataset.ts';
import { computeLossFloors, type LossFloors } from '../data/floors.ts';
import { sha256Hex } from '../data/sha256.ts';
import { type ReadProgress, readText, readTokens } from '../data/text-file.ts';
import {
  byteTokenizer,
  type TokenArray,
  type Tokenizer,
  trainCharacterTokenizer,
} from '../data/tokenizer.ts';
import type { DataConfig } from '../model/config.ts';
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
 * @throws what the text reader throws for files that are empty, binary, too large or not UTF-8.
 */
export async function loadCorpus(
  data: DataConfig,
  text?: Blob,
  onProgress?: (progress: ReadProgress) => void,
  tokenizer?: Tokenizer,
): Promise<Corpus> {
  if (tokenizer) return encodeWith(tokenizer, data, text);
  if (data.source === 'file') {
    if (!text) throw new Error('data: the source is "file" but no text was given. Choose a text file.');
    return readTokens(text, data.tokenizer, onProgress ? { onProgress } : {});
  }
  const generated = generate(data);
  return encodeText(
    data.tokenizer === 'bytes' ? byteTokenizer() : trainCharacterTokenizer(generated),
    generated,
  );
}

/** A corpus in the tokens of a model that exists already. @throws if the text has characters that it lacks. */
async function encodeWith(tokenizer: Tokenizer, data: DataConfig, text?: Blob): Promise<Corpus> {
  return encodeText(tokenizer, data.source === 'file' && text ? (await readText(text)).text : generate(data));
}

function encodeText(tokenizer: Tokenizer, text: string): Corpus {
  return { tokens: tokenizer.encode(text), tokenizer, sha256: sha256Hex(new TextEncoder().encode(text)) };
}

function generate({ source, seed, characters }: DataConfig): string {
  if (source === 'file')
    throw new Error('data: the source is "file" but no text was given. Choose a text file.');
  return generateCorpus(source === 'copyRecall' ? 'copy-recall' : source, seed, characters);
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
