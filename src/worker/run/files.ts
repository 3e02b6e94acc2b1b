// What is in the files that a person chose: a checkpoint, or a model, and the text beside them; or a text alone.

import type { OpenedRun, OwnText, TextSummary } from '../../contract/runs.ts';
import { ggufExtension } from '../../data/gguf/file.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { hasChat } from '../../data/tokenizers/chat.ts';
import { loadCorpus } from '../../lab/plans/corpus.ts';
import { fitContext } from '../../lab/plans/fitting-context.ts';
import { storedAtContext } from '../../lab/plans/open-model.ts';
import { readStored } from '../../lab/plans/parameter-io.ts';
import { stage } from '../../lab/plans/problem.ts';
import { type Checkpoint, checkpointFileName, readCheckpoint } from '../../lab/training/checkpoint.ts';
import { readGgufFile } from '../../lab/training/gguf-files.ts';
import { type ModelFiles, modelFileNames, readModelFiles } from '../../lab/training/model-files.ts';
import type { RunOptions } from '../../lab/training/run.ts';
import { tokenizerOf } from '../../lab/training/tokenizer-files.ts';
import { ofBlob } from '../../lab/training/weight-files.ts';
import type { DataConfig, Experiment, ModelConfig } from '../../model/config.ts';
import { parameterSpecs } from '../../model/parameters.ts';
import { presets } from '../../model/presets/catalogue.ts';
import { atContext } from '../../model/working-context.ts';
import { parsed } from './planned-run.ts';

/** Tokens that a model of files sees at once here: it can be trained, whose steps longer contexts would make minutes. */
export const openedContext = 1024;

/** What was found. */
type RunFiles =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly text: OwnText | undefined }
  | {
      readonly kind: 'model';
      readonly files: ModelFiles;
      readonly tokenizer: Tokenizer;
      readonly text: OwnText | undefined;
    };

/** Whether a file beside a model is to be trained on: a model's folder has texts of its own, which are not. */
function isText(name: string): boolean {
  return (
    /\.(txt|md|csv|jsonl)$/i.test(name) && !/^(readme|license|notice|merges|vocab|requirements)\b/i.test(name)
  );
}

/** Reads chosen files, whose names may have folders before them. @throws LabError with one clear sentence. */
async function readRunFiles(
  files: readonly { readonly name: string; readonly content: Blob }[],
): Promise<RunFiles> {
  const find = (wanted: string) => files.find(({ name }) => name.split('/').at(-1) === wanted);
  const text = files.find(({ name }) => isText(name.split('/').at(-1) ?? ''));
  const saved = find(checkpointFileName);
  if (saved) {
    const bytes = new Uint8Array(await saved.content.arrayBuffer());
    return { kind: 'checkpoint', checkpoint: await stage('invalidFile', () => readCheckpoint(bytes)), text };
  }
  const packed = files.filter(({ name }) => name.toLowerCase().endsWith(ggufExtension));
  const read = await stage('invalidFile', () => {
    if (packed.length > 0 && !find(modelFileNames.config)) return readOneGguf(packed);
    return readModelFiles(async (wanted) => {
      const file = find(wanted);
      return file && ofBlob(file.content);
    });
  });
  const tokenizer = tokenizerOf(read, 'Choose one of them together with the model.');
  return { kind: 'model', files: read, tokenizer, text };
}

/** The model of the one GGUF file among chosen ones. */
function readOneGguf(
  files: readonly { readonly name: string; readonly content: Blob }[],
): Promise<ModelFiles> {
  const [first, second] = files;
  if (second)
    throw new Error(
      `model: ${first.name} and ${second.name} are two models, or parts of one. Choose one whole GGUF file.`,
    );
  return readGgufFile(ofBlob(first.content));
}

/** What `Runs` opens. */
export interface RunStart {
  readonly experiment: Experiment;
  readonly options: RunOptions;
  readonly text: OwnText | undefined;
  /** What a person should know of it, a sentence each. */
  readonly notes: readonly string[];
}

/** What chosen files begin: `at` gives it for texts of so many tokens, where the model is not bound to its context. */
export interface FileStart {
  /** As long as the model's context, or as the page opens models at. */
  readonly context: number;
  readonly wholeContext: number;
  readonly at: (context: number) => Promise<RunStart>;
}

/**
 * The run that chosen files begin: a checkpoint's with its text, or a model's, which goes on with a text or the stories.
 * @param chosen the text that the page has, for a checkpoint of a file
 */
export async function runOfFiles(
  files: Parameters<typeof readRunFiles>[0],
  chosen: OwnText | undefined,
): Promise<FileStart> {
  const found = await readRunFiles(files);
  const { text } = found;
  if (found.kind === 'checkpoint') {
    const { checkpoint } = found;
    const own = checkpoint.experiment.data.source === 'file' ? (text ?? chosen) : undefined;
    const options = { checkpoint, withSampler: true, ...(own ? { text: own.content } : {}) };
    const { experiment } = checkpoint;
    return {
      context: experiment.model.context,
      wholeContext: experiment.model.context,
      at: async () => ({ experiment, options, text: own, notes: [] }),
    };
  }
  const { model: whole, weights, notes } = found.files;
  const usual = openedExperiment(whole, whole.context).data;
  const generated = hasChat(found.tokenizer) ? conversationsToOpen : { source: usual.source };
  const source = text ? { source: 'file' as const } : generated;
  const data = { ...usual, ...source, ...tokenizerChoice(found.tokenizer) };
  const corpus = await stage('invalidData', () =>
    loadCorpus(data, text?.content, undefined, found.tokenizer),
  );
  return {
    context: Math.min(whole.context, openedContext),
    wholeContext: whole.context,
    at: async (context) => {
      const opened = openedExperiment(whole, context);
      const { model } = opened;
      // Conversations teach how to answer, not how to ask.
      const train = corpus.conversations
        ? { ...opened.train, lossPositions: 'answers' as const }
        : opened.train;
      const stored = storedAtContext(model, weights);
      const arrays = await stage('invalidFile', () => readStored(stored, parameterSpecs(model)));
      const options = { corpus, weights: arrays, withSampler: true };
      return { experiment: { ...opened, train, data }, options, text, notes };
    },
  };
}

/** What a model that can be talked with goes on with: a template writes each of these in a moment. */
const conversationsToOpen = { source: 'instructions', characters: 200_000 } as const;

/** How a model of files is trained until the form says otherwise, for texts of so many tokens. */
export function openedExperiment(whole: ModelConfig, context: number): Experiment {
  return { ...parsed(presets[0].experiment), model: atContext(whole, context) };
}

/** Opens what chosen files begin for as long texts as the device has room for, and says so where these are shorter. */
export async function openFitting(
  { context: wanted, wholeContext, at }: FileStart,
  open: (start: RunStart) => Promise<OpenedRun>,
): Promise<OpenedRun> {
  const fitted = await fitContext(wanted, async (context) => open(await at(context)));
  const { value, context, reason } = fitted;
  if (context >= wholeContext) return value;
  const why =
    reason === undefined ? 'longer ones would make a step of training take minutes' : `because ${reason}`;
  const note =
    `Opened for texts of up to ${context} tokens of the ${wholeContext} that the model could see: ${why}. ` +
    `What is saved from here says ${context}.`;
  return { ...value, notes: [...value.notes, note] };
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
