// `flopscope inspect`: loss, logits and gradients of a model on given tokens.

import type { Command } from 'commander';
import { encodeSafetensorsHeader } from '../data/safetensors.ts';
import { inspectModel } from '../lab/inside/inspection.ts';
import { parseLabelledBatch } from '../lab/plans/labelled-batches.ts';
import { writeGradients } from '../lab/training/model-files.ts';
import { countParameters } from '../model/parameters.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { textColumns } from '../text/columns.ts';
import { openMachine } from './device.ts';
import { readJsonFile, readModelDirectory, resolvePath, writeFileInParts } from './files.ts';
import { jsonOption, outputOf, runtimeOption } from './options.ts';

interface InspectOptions {
  readonly tokens: string;
  readonly logits?: string;
  readonly gradients?: string;
  readonly runtime: RuntimeKind;
}

/** Adds the command. */
export function addInspect(program: Command): void {
  program
    .command('inspect')
    .argument('<dir>', 'model directory')
    .description('compute loss, logits and gradients of a model on given tokens')
    .requiredOption('--tokens <file>', '{"inputs": [[…]], "targets": [[…]]}')
    .option('--logits <out>', 'write the logits [B, T, V] there, as safetensors')
    .option('--gradients <out>', "write every parameter's gradient of the mean loss there, as safetensors")
    .addOption(runtimeOption())
    .addOption(jsonOption())
    .action(async (path: string, options: InspectOptions, command: Command) => {
      const output = outputOf(command);
      const files = await readModelDirectory(resolvePath(path), output.note);
      const tokensPath = resolvePath(options.tokens);
      const tokens = parseLabelledBatch(tokensPath, await readJsonFile(tokensPath), files.model);
      const { engine, device } = await openMachine(options.runtime);
      const gradients = options.gradients !== undefined;
      const { batch, time } = tokens;
      let inspection: Awaited<ReturnType<typeof inspectModel>> | undefined;
      if (options.logits === undefined) {
        inspection = await inspectModel(engine, files, tokens, { gradients });
      } else {
        await writeFileInParts(resolvePath(options.logits), async (append) => {
          await append(encodeSafetensorsHeader([['logits', [batch, time, files.model.vocabulary]]]));
          const onLogits = (rows: Float32Array) =>
            append(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
          inspection = await inspectModel(engine, files, tokens, { gradients, onLogits });
        });
      }
      if (!inspection) throw new Error('inspect: there was no inspection.');
      if (options.gradients !== undefined && inspection.gradients) {
        const bytes = writeGradients(files.model, inspection.gradients, files);
        await writeFileInParts(resolvePath(options.gradients), (append) => append(bytes));
      }
      const parameters = countParameters(files.model);
      const { loss } = inspection;
      // JSON has no such number, and prints null.
      if (!Number.isFinite(loss))
        output.note(
          `inspect: the loss is ${loss}: some weights are not finite, or too large. Look at the logits.`,
        );
      output.result(
        { loss, parameters, runtime: engine.kind, device },
        textColumns([
          ['loss', String(loss)],
          ['parameters', String(parameters)],
          ['runtime', engine.kind],
          ['device', device],
        ]),
      );
    });
}
