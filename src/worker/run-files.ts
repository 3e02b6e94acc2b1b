// Which files of those that a person chose make a run: a checkpoint, or a model; and the text beside them.
import { type Checkpoint, checkpointFileName, readCheckpoint } from '../lab/checkpoint.ts';
import { type ModelFiles, modelFileNames, readModelFiles } from '../lab/model-files.ts';
import { LabError, stage } from '../lab/problem.ts';
import type { OwnText } from './api.ts';

/** What was found. */
export type RunFiles =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly text: OwnText | undefined }
  | {
      readonly kind: 'model';
      readonly model: ModelFiles['model'];
      readonly weights: ModelFiles['weights'];
      readonly tokenizer: NonNullable<ModelFiles['tokenizer']>;
      readonly text: OwnText | undefined;
    };

/** Reads chosen files, whose names may have folders before them. @throws LabError with one clear sentence. */
export async function readRunFiles(
  files: readonly { readonly name: string; readonly content: Blob }[],
): Promise<RunFiles> {
  const read = async (wanted: string) => {
    const file = files.find(({ name }) => name.split('/').at(-1) === wanted);
    return file && new Uint8Array(await file.content.arrayBuffer());
  };
  const text = files.find(({ name }) => /\.(txt|md|csv)$/i.test(name));
  const bytes = await read(checkpointFileName);
  if (bytes) {
    return { kind: 'checkpoint', checkpoint: await stage('invalidFile', () => readCheckpoint(bytes)), text };
  }
  const { model, weights, tokenizer } = await stage('invalidFile', () => readModelFiles(read));
  if (!tokenizer) {
    throw new LabError({
      kind: 'invalidFile',
      message: `model: the files have no ${modelFileNames.tokenizer}. Choose it together with the model.`,
    });
  }
  return { kind: 'model', model, weights, tokenizer, text };
}
