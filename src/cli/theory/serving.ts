// `flopscope theory serving`: what serving a model takes on a device, whether it fits, and where bounds cross; nothing is run.

import { join } from 'node:path';
import type { Command } from 'commander';
import { stage } from '../../lab/plans/problem.ts';
import { servedModelOf } from '../../lab/serving/served-model.ts';
import { modelFileNames } from '../../lab/training/model-files.ts';
import { readHuggingFaceConfig } from '../../model/huggingface/config.ts';
import { textColumns } from '../../text/columns.ts';
import { formatBytes, formatCount, formatDollars, formatSeconds, formatSi } from '../../text/numbers.ts';
import { isPublishedConfig } from '../../theory/cache-config.ts';
import { publishedModels } from '../../theory/published-models.ts';
import {
  cacheBytesOf,
  crossoverBatch,
  decodeStep,
  largestBatch,
  longestContext,
  overtakingBatch,
  overtakingContext,
  priceOfMillionTokens,
  type ServedModel,
  type ServingDevice,
  servedArchitecture,
  servingConvention,
  weightBytesOf,
} from '../../theory/serving.ts';
import { halvingYears } from '../../theory/what-if.ts';
import { refuse } from '../failure.ts';
import { isDirectory, readIfPresent, readJsonFile } from '../files.ts';
import { resolveModel } from '../models.ts';
import { integer, jsonOption, outputOf, real } from '../options.ts';
import { modelOf } from './kv.ts';
import { amount } from './options.ts';

interface ServingOptions {
  readonly batch: number;
  readonly context: number;
  readonly weights: number;
  readonly cache: number;
  readonly memory: number;
  readonly bandwidth: number;
  readonly flops: number;
  readonly watts: number;
  readonly kilowattHour: number;
  readonly hour: number;
  readonly years: number;
}

/** An H100 SXM by NVIDIA's data sheet, in bfloat16 without sparsity; the prices are ours, to be set. */
const defaults = {
  memory: 80e9,
  bandwidth: 3.35e12,
  flops: 989e12,
  watts: 700,
  kilowattHour: 0.1,
  hour: 2,
} as const;

/** Bits whose fit is told for every model. */
const precisions = [32, 16, 8, 4] as const;

/** Adds the command. */
export function addServing(theory: Command): void {
  theory
    .command('serving')
    .argument(
      '<model...>',
      'id of theory models, CONFIG.json, config.json of Hugging Face, a directory that has one, or OWNER/NAME that was pulled',
    )
    .description(
      'decoding of a batch by its roofline: what fits, how fast, what bounds it, and what a token costs',
    )
    .option('--batch <texts>', 'decoded together', integer(1, 2 ** 24), 1)
    .option('--context <tokens>', 'in the cache of each', integer(1, 2 ** 40), 4096)
    .option('--weights <bits>', 'of a weight, scales included', real(0.1, 64), 16)
    .option('--cache <bits>', 'of a cached value', real(0.1, 64), 16)
    .option('--memory <bytes>', 'of the device, such as 80B', amount, defaults.memory)
    .option(
      '--bandwidth <rate>',
      'of its memory, bytes per second, such as 3.35T',
      amount,
      defaults.bandwidth,
    )
    .option('--flops <rate>', 'per second, a multiply-add as two, such as 989T', amount, defaults.flops)
    .option('--watts <power>', 'of the device', amount, defaults.watts)
    .option('--kilowatt-hour <dollars>', 'price of energy', amount, defaults.kilowattHour)
    .option('--hour <dollars>', 'price of the device for an hour', amount, defaults.hour)
    .option('--years <number>', `from now; prices halve every ${halvingYears} (Press)`, real(-50, 50), 0)
    .addOption(jsonOption())
    .action(async (names: readonly string[], options: ServingOptions, command: Command) => {
      const output = outputOf(command);
      // All are read before the first is shown: a bad name leaves no half of an answer.
      const reports = [];
      for (const name of names) {
        const model = await readServed(name);
        reports.push(await stage('invalidConfig', () => reportServing(name, model, options)));
      }
      for (const report of reports) output.result(report, `${describe(report)}\n`);
      output.text(`${servingConvention}\n`);
    });
}

async function readServed(name: string): Promise<ServedModel> {
  const published = publishedModels.find(({ id }) => id === name);
  if (published) return servedArchitecture(published.architecture);
  const path = await resolveModel(name);
  const isFolder = await isDirectory(path);
  if (!isFolder && (await readIfPresent(path)) === undefined) {
    return refuse(
      'invalidData',
      `theory serving: ${name} is no published model and no file. See flopscope theory models for the ids.`,
    );
  }
  const file = isFolder ? join(path, modelFileNames.config) : path;
  const json = await readJsonFile(file);
  const model = isPublishedConfig(json)
    ? await stage('invalidFile', () => readHuggingFaceConfig(json))
    : modelOf(file, json);
  if (model.vocabulary === 0) {
    refuse(
      'invalidConfig',
      `${file}: model.vocabulary is not given, and there is no text to count. Give it.`,
    );
  }
  return servedModelOf(model);
}

/** All that is said of a model; null where there is no such number. */
function reportServing(model: string, served: ServedModel, options: ServingOptions) {
  const { batch, context, weights, cache, memory, bandwidth, flops, years } = options;
  const load = { batch, context };
  const precision = { weightBits: weights, cacheBits: cache };
  const device: ServingDevice = { memoryBytes: memory, bytesPerSecond: bandwidth, flopsPerSecond: flops };
  const step = decodeStep(served, load, precision, device);
  const weightBytes = weightBytesOf(served, precision);
  const cacheBytes = cacheBytesOf(served, load, precision);
  const later = 0.5 ** (years / halvingYears);
  const price = priceOfMillionTokens(step.tokensPerSecond, {
    watts: options.watts,
    dollarsPerKilowattHour: options.kilowattHour,
    dollarsPerHour: options.hour * later,
  });
  return {
    model,
    convention: servingConvention,
    ...load,
    ...precision,
    ...device,
    parameters: served.parameters,
    weightBytes,
    cacheBytes,
    fits: weightBytes + cacheBytes <= memory,
    largestBatch: largestBatch(served, context, precision, device),
    longestContext: longestContext(served, batch, precision, device) ?? null,
    tokensPerSecond: step.tokensPerSecond,
    betweenTokensSeconds: step.seconds,
    bound: step.bound,
    modelFlopsUse: step.flops / step.seconds / flops,
    modelBandwidthUse: (step.weightBytes + step.cacheBytes) / step.seconds / bandwidth,
    crossoverBatch: crossoverBatch(served, context, precision, device) ?? null,
    cacheOvertakesBatch: overtakingBatch(served, context, precision),
    cacheOvertakesContext: overtakingContext(served, batch, precision) ?? null,
    perMillionTokens: { ...price, years },
    largestBatchByWeightBits: Object.fromEntries(
      precisions.map((weightBits) => [
        weightBits,
        largestBatch(served, context, { ...precision, weightBits }, device),
      ]),
    ),
  };
}

function describe(report: ReturnType<typeof reportServing>): string {
  const { batch, context, perMillionTokens: price, largestBatchByWeightBits: byBits } = report;
  const orNone = (value: number | null, otherwise: string) =>
    value === null ? otherwise : formatCount(value);
  return textColumns([
    ['model', `${report.model}, ${formatSi(report.parameters)} parameters`],
    ['weights', `${formatBytes(report.weightBytes)} at ${report.weightBits} bits`],
    ['caches', `${formatBytes(report.cacheBytes)} at ${report.cacheBits} bits: ${batch} × ${context} tokens`],
    ['fits', `${report.fits ? 'yes' : 'no'}, in ${formatBytes(report.memoryBytes)}`],
    ['largest batch', `${formatCount(report.largestBatch)} of ${context} tokens`],
    [
      'by bits of the weights',
      Object.entries(byBits)
        .map(([bits, largest]) => `${bits}: ${formatCount(largest)}`)
        .reverse()
        .join(', '),
    ],
    ['longest context', `${orNone(report.longestContext, 'any: windows end its growth')} of ${batch}`],
    ['tokens per second', `${formatSi(report.tokensPerSecond)}, bound by ${report.bound}`],
    ['between tokens', formatSeconds(report.betweenTokensSeconds)],
    ['arithmetic takes over', `${orNone(report.crossoverBatch, 'never: the caches take longer')} (batch)`],
    [
      'caches overtake weights',
      `batch ${formatCount(report.cacheOvertakesBatch)}, or ${orNone(report.cacheOvertakesContext, 'no')} tokens`,
    ],
    [
      'a million tokens',
      `${formatSi(1000 * price.kilowattHours, 'Wh')}, ${formatDollars(price.energyDollars)} of energy and ` +
        `${formatDollars(price.deviceDollars)} of the device`,
    ],
  ]);
}
