// What is in the files that a person chose: a checkpoint, or a model, and the text beside them; or a text alone.

import type { OwnText, TextSummary } from '../../contract/runs.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { loadCorpus } from '../../lab/plans/corpus.ts';
import { type NamedArrays, readStored } from '../../lab/plans/parameter-io.ts';
import { stage } from '../../lab/plans/problem.ts';
import { type Checkpoint, checkpointFileName, readCheckpoint } from '../../lab/training/checkpoint.ts';
import { type ModelFiles, readModelFiles } from '../../lab/training/model-files.ts';
import type { RunOptions } from '../../lab/training/run.ts';
import { tokenizerOf } from '../../lab/training/tokenizer-files.ts';
import { ofBlob } from '../../lab/training/weight-files.ts';
import type { DataConfig, Experiment } from '../../model/config.ts';
import { parameterSpecs } from '../../model/parameters.ts';
import { presets } from '../../model/presets/catalogue.ts';
import { parsed } from './planned-run.ts';

/** What was found. */
type RunFiles =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly text: OwnText | undefined }
  | {
      readonly kind: 'model';
      readonly model: ModelFiles['model'];
      readonly weights: NamedArrays;
      readonly tokenizer: Tokenizer;
      readonly text: OwnText | undefined;
    };

/** Reads chosen files, whose names may have folders before them. @throws LabError with one clear sentence. */
async function readRunFiles(
  files: readonly { readonly name: string; readonly content: Blob }[],
): Promise<RunFiles> {
  const find = (wanted: string) => files.find(({ name }) => name.split('/').at(-1) === wanted);
  const text = files.find(({ name }) => /\.(txt|md|csv)$/i.test(name));
  const saved = find(checkpointFileName);
  if (saved) {
    const bytes = new Uint8Array(await saved.content.arrayBuffer());
    return { kind: 'checkpoint', checkpoint: await stage('invalidFile', () => readCheckpoint(bytes)), text };
  }
  const opened = await stage('invalidFile', () =>
    readModelFiles(async (wanted) => {
      const file = find(wanted);
      return file && ofBlob(file.content);
    }),
  );
  const tokenizer = tokenizerOf(opened, 'Choose one of them together with the model.');
  const { model, weights } = opened;
  const arrays = await stage('invalidFile', () => readStored(weights, parameterSpecs(model)));
  return { kind: 'model', model, weights: arrays, tokenizer, text };
}

/**
 * The run that chosen files begin: a checkpoint's with its text, or a model's, which goes on with a text or the stories.
 * @param chosen the text that the page has, for a checkpoint of a file
 */
export async function runOfFiles(
  files: Parameters<typeof readRunFiles>[0],
  chosen: OwnText | undefined,
): Promise<{
  readonly experiment: Experiment;
  readonly options: RunOptions;
  readonly text: OwnText | undefined;
}> {
  const found = await readRunFiles(files);
  const { text } = found;
  if (found.kind === 'checkpoint') {
    const { checkpoint } = found;
    const own = checkpoint.experiment.data.source === 'file' ? (text ?? chosen) : undefined;
    const options = { checkpoint, withSampler: true, ...(own ? { text: own.content } : {}) };
    return { experiment: checkpoint.experiment, options, text: own };
  }
  const base = parsed(presets[0].experiment);
  const source = text ? ('file' as const) : base.data.source;
  const data = { ...base.data, source, ...tokenizerChoice(found.tokenizer) };
  const corpus = await stage('invalidData', () =>
    loadCorpus(data, text?.content, undefined, found.tokenizer),
  );
  const options = { corpus, weights: found.weights, withSampler: true };
  return { experiment: { ...base, data, model: found.model }, options, text };
}

/** A model's tokenizer as choices of the form; learned ones are again learned of this size for another text. */
function tokenizerChoice({ kind, vocabularySize }: Tokenizer): Partial<DataConfig> {
  if (kind === 'published') return { tokenizer: 'model' };
  return {
    tokenizer: kind,
    ...(kind === 'bpe' ? { tokenizerVocabulary: Math.max(300, vocabularySize) } : {}),
  };
}

/** Reads a text to its end and says what is in it. @throws LabError for what cannot be trained on. */
export async function summariseText({ name, content }: OwnText): Promise<TextSummary> {
  const data: DataConfig = {
    source: 'file',
    tokenizer: 'characters',
    tokenizerVocabulary: 0,
    characters: 0,
    seed: 0,
    validationFraction: 0.1,
  };
  const { tokens, tokenizer } = await stage('invalidData', () => loadCorpus(data, content));
  return {
    name,
    bytes: content.size,
    characters: tokens.length,
    vocabulary: tokenizer.vocabularySize,
    opening: tokenizer.decode(tokens.subarray(0, 200)),
  };
}
