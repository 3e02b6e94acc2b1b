// The model that `flopscope train --model` goes on from: its weights and tokenizer, and the configuration made to fit it.
import { loadCorpus } from '../../lab/plans/corpus.ts';
import { storedAtContext } from '../../lab/plans/open-model.ts';
import { readStored } from '../../lab/plans/parameter-io.ts';
import { stage } from '../../lab/plans/problem.ts';
import type { ModelOrigin } from '../../lab/training/model-files.ts';
import type { RunOptions } from '../../lab/training/run.ts';
import { tokenizerOf } from '../../lab/training/tokenizer-files.ts';
import type { Experiment } from '../../model/config.ts';
import { parameterSpecs } from '../../model/parameters.ts';
import { atContext } from '../../model/working-context.ts';
import { readModel, resolvePath } from '../files.ts';
import { resolveModel } from '../models.ts';
import type { Output } from '../output.ts';

/** Where a run begins that goes on from a model. */
export interface BaseModel {
  readonly experiment: Experiment;
  readonly options: Required<Pick<RunOptions, 'corpus' | 'weights'>>;
  readonly origin: ModelOrigin;
  /** What an adapter is said to be of: the directory, or OWNER/NAME as it was given. */
  readonly name: string;
}

/** Reads the model, and the text in its tokens. @throws LabError in one sentence */
export async function readBase(
  path: string,
  { model: wanted, train, data }: Experiment,
  text: Blob | undefined,
  output: Output,
): Promise<BaseModel> {
  const directory = await resolveModel(path);
  const files = await readModel(directory, output.note);
  const tokenizer = tokenizerOf(files, 'Train from a model that has one.');
  const context = Math.min(wanted.context, files.model.context);
  const model = { ...atContext(files.model, context), dropout: wanted.dropout };
  const weights = await stage('invalidFile', () =>
    readStored(storedAtContext(model, files.weights), parameterSpecs(model)),
  );
  const kind = tokenizer.kind === 'published' ? ('model' as const) : tokenizer.kind;
  const inItsTokens = { ...data, tokenizer: kind };
  const corpus = await stage('invalidData', () => loadCorpus(inItsTokens, text, undefined, tokenizer));
  output.note(`train: goes on from ${path}, for texts of up to ${context} tokens.`);
  return {
    experiment: { model, train, data: inItsTokens },
    options: { corpus, weights },
    origin: files,
    name: directory === resolvePath(path) ? directory : path,
  };
}
