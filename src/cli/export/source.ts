// What is exported: a model directory, or a run that was stopped before its model was written.
import { join } from 'node:path';
import { type NamedArrays, readStored } from '../../lab/plans/parameter-io.ts';
import { stage } from '../../lab/plans/problem.ts';
import { modelCardName } from '../../lab/records/model-card.ts';
import { type Checkpoint, checkpointFileName, readCheckpoint } from '../../lab/training/checkpoint.ts';
import { type ModelFiles, type ModelOrigin, modelFileNames } from '../../lab/training/model-files.ts';
import type { ModelConfig } from '../../model/config.ts';
import { parameterSpecs } from '../../model/parameters.ts';
import { readAdapted } from '../adapters.ts';
import { refuse } from '../failure.ts';
import { isDirectory, type NamedBytes, readBytes, readIfPresent } from '../files.ts';
import type { Output } from '../output.ts';

/** A model in memory, with what is kept of where it lay. */
export interface ExportSource extends Pick<ModelFiles, 'tokenizer' | 'tokenizerProblem'> {
  readonly model: ModelConfig;
  readonly weights: NamedArrays;
  readonly origin: ModelOrigin;
  readonly card: NamedBytes | undefined;
}

/** A model card is a page of text. */
const cardLimitBytes = 2 ** 20;

/** Reads the model of a directory, or that of its checkpoint where there is no other. @throws LabError */
export async function readSource(
  path: string,
  adapter: string | undefined,
  output: Output,
): Promise<ExportSource> {
  const hasModel = (await readIfPresent(join(path, modelFileNames.config))) !== undefined;
  if (!hasModel && adapter === undefined && (await isDirectory(path))) {
    const checkpoint = await readRunCheckpoint(
      path,
      'Give a model directory, or one of flopscope train --out.',
    );
    output.note(`export: ${path} has no model yet: that of step ${checkpoint.progress.step} is written.`);
    const { experiment, weights, tokenizer } = checkpoint;
    return { model: experiment.model, weights, tokenizer, origin: {}, card: undefined };
  }
  const files = await readAdapted(path, adapter, output.note);
  const { model, tokenizer, tokenizerProblem } = files;
  if (tokenizerProblem !== undefined) output.note(`export: without a tokenizer. ${tokenizerProblem}`);
  const weights = await stage('invalidFile', () => readStored(files.weights, parameterSpecs(model)));
  // The card of the base says nothing of the adapter.
  const card = adapter === undefined ? await cardOf(path) : undefined;
  return { model, weights, tokenizer, origin: files, card };
}

/** The checkpoint of a run's directory. @param otherwise what to do where there is none @throws LabError */
export async function readRunCheckpoint(path: string, otherwise: string): Promise<Checkpoint> {
  const file = join(path, checkpointFileName);
  if ((await readIfPresent(file)) === undefined)
    refuse('invalidFile', `export: there is no ${checkpointFileName} in ${path}. ${otherwise}`);
  const bytes = await readBytes(file);
  return stage('invalidFile', () => readCheckpoint(bytes));
}

async function cardOf(path: string): Promise<NamedBytes | undefined> {
  const bytes = await readIfPresent(join(path, modelCardName));
  return bytes && bytes.length <= cardLimitBytes ? { name: modelCardName, bytes } : undefined;
}
