// `flopscope export`: a saved model as a folder of Hugging Face's layout, or a run as a folder that goes on in PyTorch.
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type WrittenDtype, writtenDtypes } from '../../data/safetensors.ts';
import { stage } from '../../lab/plans/problem.ts';
import { usualUtilization } from '../../lab/records/continuation.ts';
import { modelFiles } from '../../lab/training/model-files.ts';
import { isOfTransformers } from '../../model/huggingface/config.ts';
import { textColumns } from '../../text/columns.ts';
import { formatBytes } from '../../text/numbers.ts';
import { adapterOption } from '../adapters.ts';
import { refuse } from '../failure.ts';
import { createDirectory, isDirectory, type NamedBytes, resolvePath, writeFiles } from '../files.ts';
import { modelArgument, resolveModel } from '../models.ts';
import { jsonOption, outputOf } from '../options.ts';
import { type ContinueOptions, continuedFiles } from './continue.ts';
import { parseBytes } from './sizes.ts';
import { readSource } from './source.ts';

interface ExportOptions extends ContinueOptions {
  readonly out: string;
  readonly dtype: WrittenDtype;
  readonly shardSize: number;
  readonly continue?: true;
  readonly adapter?: string;
}

/** Options that one of the two forms reads alone. */
const modelOnly = ['dtype', 'shardSize', 'adapter'] as const;
const runOnly = ['data', 'mfu'] as const;

/** Adds the command. */
export function addExport(program: Command): void {
  program
    .command('export')
    .argument('<dir>', `${modelArgument}, or directory of flopscope train --out`)
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
    .addOption(adapterOption())
    .option(
      '--continue',
      'write a folder that goes on with the run in PyTorch, on one or many GPUs: model, optimizer, tokens and script',
    )
    .option('--data <file>', 'with --continue: the text of a run on a file')
    .option(
      '--mfu <part>',
      'with --continue: part of the peak of a GPU that its costs assume',
      utilization,
      usualUtilization,
    )
    .addOption(jsonOption())
    .action(async (path: string, options: ExportOptions, command: Command) => {
      const output = outputOf(command);
      const { dtype, shardSize: shardBytes } = options;
      const [misplaced] = (options.continue ? modelOnly : runOnly).filter(
        (name) => command.getOptionValueSource(name) === 'cli',
      );
      if (misplaced !== undefined) {
        const flag = misplaced === 'shardSize' ? '--shard-size' : `--${misplaced}`;
        const what = options.continue
          ? 'has no meaning with --continue: a run goes on with its own weights, in F32'
          : 'is for --continue';
        refuse('invalidConfig', `export: ${flag} ${what}. Leave it out.`);
      }
      const out = await emptyFolder(resolvePath(options.out));
      if (options.continue) {
        const folder = await continuedFiles(await resolveModel(path), options, output);
        const written = await writeEach(out, folder.files);
        const { costs } = folder;
        output.result(
          { out, ...costs, files: written },
          textColumns([
            ...written.map((file): [string, string] => [file.name, formatBytes(file.bytes)]),
            ['written to', `${out}: README.md says how it is run and what it costs`],
          ]),
        );
        return;
      }
      const { model, weights, tokenizer, origin, card } = await readSource(
        await resolveModel(path),
        options.adapter,
        output,
      );
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

function utilization(text: string): number {
  const part = Number(text);
  if (part > 0 && part <= 1) return part;
  throw new InvalidArgumentError('Use a number above 0 and up to 1, such as 0.4.');
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
    await createDirectory(dirname(join(out, value.name)));
    await writeFiles(out, [value]);
    written.push({ name: value.name, bytes: value.bytes.length });
  }
}
