// `flopscope train`: from a configuration, or from given weights over given batches.
import type { Command } from 'commander';
import { refuse } from '../failure.ts';
import { isDirectory } from '../files.ts';
import { withInterruption } from '../interruption.ts';
import { resolveModel } from '../models.ts';
import { integer, jsonOption, outputOf, parseSeed, runtimeOption, threadsOption } from '../options.ts';
import { adapterForm } from './adapter.ts';
import { trainOnBatches } from './batches.ts';
import type { TrainOptions } from './options.ts';
import { trainOnText } from './text.ts';

/** Options that mean something in one of the two forms only. */
const textOnly = ['data', 'model', 'adapter', 'steps', 'seed', 'profile'] as const;

/** Adds the command. */
export function addTrain(program: Command): void {
  program
    .command('train')
    .argument(
      '<config>',
      'CONFIG.json, or with --batches and --optimizer a model directory or OWNER/NAME that was pulled',
    )
    .description('train a model')
    .option('--data <file>', 'train on this text, or on conversations: JSON lines of {"messages": […]}')
    .option(
      '--model <dir>',
      'go on from this model, with its tokenizer: a model directory, GGUF file or OWNER/NAME that was pulled; of the ' +
        "configuration's model, only the context counts",
    )
    .option(
      '--adapter <settings>',
      `leave the weights of --model as they are and train an adapter of low rank beside them (LoRA), such as ${adapterForm} ` +
        "(alpha is twice the rank and all linear layers are targets unless given), or go on with the one of a directory in PEFT's " +
        'layout, in which --out is written',
    )
    .option(
      '--steps <n>',
      'stop after step n, on the schedule of the configuration; a resumed run that is there already takes n more',
      integer(1, 10_000_000),
    )
    .option('--out <dir>', 'write model, tokenizer, experiment, checkpoint and record there')
    .option(
      '--record <file>',
      'write the record of the run there: configuration, device, predictions, losses',
    )
    .option('--resume <dir>', 'go on exactly where the checkpoint in this directory stopped')
    .option('--seed <s>', 'seed of weights, batches and dropout', parseSeed)
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--no-calibrate', 'predict only if the device was calibrated before')
    .option('--batches <file>', 'take exactly these batches, from the weights of a model directory')
    .option('--optimizer <file>', 'optimizer for --batches')
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action((path: string, options: TrainOptions, command: Command) =>
      withInterruption(async (signal) => {
        const output = outputOf(command);
        const input = await resolveModel(path);
        const { batches, optimizer } = options;
        if (batches === undefined && optimizer === undefined) {
          if (await isDirectory(input)) {
            refuse(
              'invalidConfig',
              `train: ${input} is a directory. Give a CONFIG.json with --model ${path}, or --batches and --optimizer.`,
            );
          }
          return trainOnText(input, options, output, signal);
        }
        if (batches === undefined || optimizer === undefined) {
          const missing = batches === undefined ? '--batches' : '--optimizer';
          return refuse('invalidConfig', `train: ${missing} FILE is missing. Give both, or neither.`);
        }
        const misplaced = textOnly.find((name) => options[name] !== undefined);
        if (misplaced)
          refuse('invalidConfig', `train: --${misplaced} has no meaning with --batches. Leave it out.`);
        return trainOnBatches(input, { ...options, batches, optimizer }, output, signal);
      }),
    );
}
