// `flopscope inspect`: loss, logits and gradients of a model on given tokens.

import type { Command } from 'commander';
import { encodeSafetensorsHeader } from '../data/safetensors.ts';
import { type Inspection, type InspectionRequest, inspectModel } from '../lab/inside/inspection.ts';
import { inspectDecoding } from '../lab/inside/inspection-decoding.ts';
import { promptTokens } from '../lab/plans/corpus.ts';
import { type LabelledBatch, parseLabelledBatch, shortenBatch } from '../lab/plans/labelled-batches.ts';
import { stage } from '../lab/plans/problem.ts';
import { type ModelFiles, writeGradients } from '../lab/training/model-files.ts';
import { tokenizerOf } from '../lab/training/tokenizer-files.ts';
import { longestContext } from '../model/attention-config.ts';
import { countParameters } from '../model/parameters.ts';
import type { InferenceFormats } from '../model/weight-format.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { textColumns } from '../text/columns.ts';
import { openMachine } from './device.ts';
import { refuse } from './failure.ts';
import { readJsonFile, readModel, resolvePath, writeFileInParts } from './files.ts';
import { modelArgument, resolveModel } from './models.ts';
import {
  cacheOption,
  integer,
  jsonOption,
  outputOf,
  runtimeOption,
  threadsOption,
  unquantisedOption,
  weightsOption,
} from './options.ts';

interface InspectOptions extends InferenceFormats {
  readonly tokens?: string;
  readonly prompt?: string;
  readonly logits?: string;
  readonly gradients?: string;
  readonly context?: number;
  readonly runtime: RuntimeKind;
  readonly threads?: number;
}

/** Adds the command. */
export function addInspect(program: Command): void {
  program
    .command('inspect')
    .argument('<dir>', modelArgument)
    .description('compute loss, logits and gradients of a model on given tokens')
    .option('--tokens <file>', '{"inputs": [[…]], "targets": [[…]]}')
    .option('--prompt <text>', 'a text instead: each of its tokens is to be predicted from those before it')
    .option('--logits <out>', 'write the logits [B, T, V] there, as safetensors')
    .option('--gradients <out>', "write every parameter's gradient of the mean loss there, as safetensors")
    .option(
      '--context <tokens>',
      'look at so many tokens of each row, from its start; all of them unless given',
      integer(1, longestContext),
    )
    .addOption(weightsOption())
    .addOption(unquantisedOption())
    .addOption(cacheOption())
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (path: string, options: InspectOptions, command: Command) => {
      const output = outputOf(command);
      const files = await readModel(await resolveModel(path), output.note);
      const tokens = await labelledTokens(files, options);
      const { engine, device } = await openMachine(options);
      const gradients = options.gradients !== undefined;
      const { weights = 'f32', unquantised = [], cache = 'f32' } = options;
      if (gradients && weights !== 'f32')
        refuse('invalidData', `inspect: weights in ${weights} have no gradients. Use --weights f32.`);
      if (gradients && cache !== 'f32')
        refuse('invalidData', `inspect: decoding beside a cache has no gradients. Leave --cache out.`);
      const { batch, time } = tokens;
      const inspect = (onLogits?: InspectionRequest['onLogits']): Promise<Inspection> => {
        const formats = { weights, unquantised, ...(onLogits ? { onLogits } : {}) };
        return cache === 'f32'
          ? inspectModel(engine, files, tokens, { ...formats, gradients })
          : inspectDecoding(engine, files, tokens, { ...formats, cache });
      };
      let inspection: Inspection | undefined;
      if (options.logits === undefined) {
        inspection = await inspect();
      } else {
        await writeFileInParts(resolvePath(options.logits), async (append) => {
          await append(encodeSafetensorsHeader([['logits', [batch, time, files.model.vocabulary]]]));
          const onLogits = (rows: Float32Array) =>
            append(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
          inspection = await inspect(onLogits);
        });
      }
      if (!inspection) throw new Error('inspect: there was no inspection.');
      if (options.gradients !== undefined && inspection.gradients) {
        const bytes = writeGradients(files.model, inspection.gradients, files);
        await writeFileInParts(resolvePath(options.gradients), (append) => append(bytes));
      }
      const parameters = countParameters(files.model);
      const { loss, weightBytes } = inspection;
      // JSON has no such number, and prints null.
      if (!Number.isFinite(loss))
        output.note(
          `inspect: the loss is ${loss}: some weights are not finite, or too large. Look at the logits.`,
        );
      output.result(
        { loss, parameters, context: time, weights, cache, weightBytes, runtime: engine.kind, device },
        textColumns([
          ['loss', String(loss)],
          ['parameters', String(parameters)],
          ['context', String(time)],
          ['weights', `${weights}, ${weightBytes} bytes`],
          ...(cache === 'f32' ? [] : [['cache', `${cache}, decoded token by token`] as [string, string]]),
          ['runtime', engine.kind],
          ['device', device],
        ]),
      );
    });
}

/** The batch of a file, or a text of which each token is the target of the one before it. @throws LabError */
async function labelledTokens(
  files: ModelFiles,
  { tokens, prompt, context }: Pick<InspectOptions, 'tokens' | 'prompt' | 'context'>,
): Promise<LabelledBatch> {
  if (context !== undefined && context > files.model.context) {
    const message = `a context of ${context} is more than the ${files.model.context} of the model`;
    refuse('invalidData', `inspect: ${message}. Use at most that.`);
  }
  // Rows that are cut may be longer than the model sees.
  const limits = context === undefined ? files.model : { ...files.model, context: longestContext };
  const parse = (who: string, json: unknown) => {
    const batch = parseLabelledBatch(who, json, limits);
    return shortenBatch(who, batch, context ?? batch.time);
  };
  if (tokens !== undefined && prompt === undefined) {
    const path = resolvePath(tokens);
    return parse(path, await readJsonFile(path));
  }
  if (prompt === undefined || tokens !== undefined)
    return refuse('invalidData', 'inspect: give one of --tokens FILE and --prompt TEXT.');
  const tokenizer = tokenizerOf(files, 'Give --tokens.');
  const ids = await stage('invalidData', () => promptTokens(tokenizer, prompt));
  if (ids.length < 2)
    refuse(
      'invalidData',
      `inspect: the text has ${ids.length} ${ids.length === 1 ? 'token' : 'tokens'}, and needs 2 to predict one.`,
    );
  const batch = { inputs: [ids.slice(0, -1)], targets: [ids.slice(1)] };
  return parse('inspect', batch);
}
