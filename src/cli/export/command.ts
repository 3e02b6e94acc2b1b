// `flopscope export`: a saved model or run as a folder of Hugging Face's layout, in another type or in several files.
import { readdir } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type WrittenDtype, writtenDtypes } from '../../data/safetensors.ts';
import { stage } from '../../lab/plans/problem.ts';
import { modelFiles } from '../../lab/training/model-files.ts';
import { isOfTransformers } from '../../model/huggingface/config.ts';
import { textColumns } from '../../text/columns.ts';
import { formatBytes } from '../../text/numbers.ts';
import { refuse } from '../failure.ts';
import { createDirectory, isDirectory, type NamedBytes, resolvePath, writeFiles } from '../files.ts';
import { jsonOption, outputOf } from '../options.ts';
import { parseBytes } from './sizes.ts';
import { readSource } from './source.ts';

interface ExportOptions {
  readonly out: string;
  readonly dtype: WrittenDtype;
  readonly shardSize: number;
}

/** Adds the command. */
export function addExport(program: Command): void {
  program
    .command('export')
    .argument('<dir>', 'model directory, or one that flopscope train --out wrote')
    .description('write a model as Hugging Face’s libraries read it')
    .requiredOption('--out <dir>', 'write there; an empty or new folder')
    .addOption(
      new Option('--dtype <type>', 'type of the weights; what a smaller one does not hold is refused')
        .choices(writtenDtypes)
        .default('F32'),
    )
    .option(
      '--shard-size <bytes>',
      'most bytes of one file of weights, such as 500MB; more are several files with an index',
      parseBytes,
      5e9,
    )
    .addOption(jsonOption())
    .action(async (path: string, options: ExportOptions, command: Command) => {
      const output = outputOf(command);
      const { dtype, shardSize: shardBytes } = options;
      const out = await emptyFolder(resolvePath(options.out));
      const { model, weights, tokenizer, origin, card } = await readSource(resolvePath(path), output);
      if (!isOfTransformers(model, origin.type))
        output.note('export: no family of Transformers computes this model: Flopscope alone opens it.');
      const files = modelFiles(model, weights, tokenizer, origin, { dtype, shardBytes });
      const written = await writeEach(out, files);
      if (card) written.push(...(await writeEach(out, [card])));
      const bytes = written.reduce((sum, file) => sum + file.bytes, 0);
      output.result(
        { out, dtype, bytes, files: written },
        textColumns([
          ...written.map((file): [string, string] => [file.name, formatBytes(file.bytes)]),
          ['written to', out],
        ]),
      );
    });
}

/** A folder in which nothing can be mistaken for a part of what is written there. @throws LabError */
export async function emptyFolder(path: string): Promise<string> {
  if ((await isDirectory(path)) && (await readdir(path)).length > 0)
    refuse(
      'invalidFile',
      `export: ${path} is not empty. Name a new folder, so that no file of another model is in it.`,
    );
  await createDirectory(path);
  return path;
}

/** Writes files one after the other, so that one is in memory at a time. */
async function writeEach(
  out: string,
  files: Iterable<NamedBytes>,
): Promise<{ readonly name: string; readonly bytes: number }[]> {
  const written: { readonly name: string; readonly bytes: number }[] = [];
  const next = files[Symbol.iterator]();
  for (;;) {
    // A number that does not fit the type is found while a file is made.
    const { value, done } = await stage('invalidData', () => next.next());
    if (done) return written;
    await writeFiles(out, [value]);
    written.push({ name: value.name, bytes: value.bytes.length });
  }
}
