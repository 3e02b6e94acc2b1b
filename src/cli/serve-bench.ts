// `flopscope serve-bench`: tokens per second against batch, each beside its prediction.
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  checkInferenceMemory,
  type InferenceMemory,
  inferenceMemory,
  samplingPlans,
} from '../lab/plans/inference-memory.ts';
import { freshWeights } from '../lab/plans/open-model.ts';
import { type StoredWeights, storedArrays } from '../lab/plans/parameter-io.ts';
import { stage } from '../lab/plans/problem.ts';
import { type MeasuredServing, measureServing } from '../lab/serving/measure.ts';
import { predictServing, type ServingCase, type ServingPrediction } from '../lab/serving/predict.ts';
import { openSampler, recordSampling } from '../lab/training/open-sampler.ts';
import { longestContext } from '../model/attention-config.ts';
import type { ModelConfig } from '../model/config.ts';
import type { VocabularyTable } from '../model/weight-format.ts';
import type { DeviceProfile } from '../plan/device-profile.ts';
import type { WeightFormat } from '../plan/quantised.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { textColumns } from '../text/columns.ts';
import { formatBytes, formatPercent, formatSeconds, formatSi, formatSpread } from '../text/numbers.ts';
import { type Machine, openMachine } from './device.ts';
import { readExperiment } from './experiments.ts';
import { refuse } from './failure.ts';
import { isDirectory, readModelDirectory, resolvePath } from './files.ts';
import {
  integer,
  jsonOption,
  outputOf,
  parseSeed,
  runtimeOption,
  unquantisedOption,
  weightsOption,
} from './options.ts';
import type { Output } from './output.ts';
import { completeProfile } from './profiles.ts';
import { useKnownProfile } from './profiles-known.ts';

interface ServeOptions {
  readonly batch: readonly number[];
  readonly prompt: number;
  readonly output: number;
  readonly repeats: number;
  readonly weights: WeightFormat;
  readonly unquantised: readonly VocabularyTable[];
  readonly cache: string;
  readonly seed: number;
  readonly runtime: RuntimeKind;
  readonly profile?: string;
  readonly calibrate: boolean;
  readonly dryRun: boolean;
}

/** A model to serve. */
interface Served {
  readonly model: ModelConfig;
  readonly weights: StoredWeights;
}

/** Adds the command. */
export function addServeBench(program: Command): void {
  program
    .command('serve-bench')
    .argument('<model>', 'model directory, or CONFIG.json, whose weights are then drawn from the seed')
    .description(
      'serve batches of texts: tokens per second, first token and time between tokens, and what was predicted',
    )
    .option('--batch <list>', 'texts at the same time, such as 1,4,16', batchList, [1, 2, 4, 8, 16])
    .option('--prompt <tokens>', 'of each text', integer(1, longestContext), 32)
    .option('--output <tokens>', 'drawn for each text', integer(1, longestContext), 64)
    .option('--repeats <n>', 'of which the median is shown', integer(1, 1000), 5)
    .addOption(weightsOption())
    .addOption(unquantisedOption())
    .addOption(new Option('--cache <type>', 'of keys and values').choices(['f32']).default('f32'))
    .option('--seed <s>', 'of prompts, and of weights where a CONFIG.json has none', parseSeed, 1)
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--no-calibrate', 'predict nothing where the device was not calibrated before')
    .option('--dry-run', 'predict only', false)
    .addOption(runtimeOption())
    .addOption(jsonOption())
    .action(async (path: string, options: ServeOptions, command: Command) => {
      const output = outputOf(command);
      const served = await readServed(resolvePath(path), options, output);
      const machine = await openMachine(options.runtime);
      await useKnownProfile(machine, options.profile, output);
      output.text(`${textColumns([head], 'numbers')}\n`);
      for (const batch of options.batch) {
        const line = await serveBatch(machine, served, { ...options, batch }, output);
        output.result(line, describe(line));
      }
      if (!output.json) output.text(`\n${legend}\n`);
    });
}

function batchList(text: string): number[] {
  const sizes = text.split(',').map((part) => part.trim());
  const isBatch = (size: string) => /^\d{1,5}$/.test(size) && Number(size) >= 1;
  if (sizes.every(isBatch)) return sizes.map(Number);
  throw new InvalidArgumentError('Use whole numbers from 1 with commas between, such as 1,4,16.');
}

async function readServed(
  path: string,
  { seed, prompt, output }: ServeOptions,
  out: Output,
): Promise<Served> {
  const needed = prompt + output;
  const checked = (model: ModelConfig): ModelConfig => {
    if (needed <= model.context) return model;
    const found = `a prompt of ${prompt} and ${output} tokens after it are ${needed}`;
    return refuse(
      'invalidData',
      `serve-bench: ${found}, more than the context of ${model.context}. Ask for fewer.`,
    );
  };
  if (await isDirectory(path)) {
    const { model, weights } = await readModelDirectory(path, out.note);
    return { model: checked(model), weights };
  }
  const { model } = await readExperiment(path);
  if (model.vocabulary === 0) {
    refuse(
      'invalidConfig',
      `${path}: model.vocabulary is not given, and there is no text to count. Give it.`,
    );
  }
  // Drawn once for all batches, at the first that is served.
  let drawn: StoredWeights | undefined;
  const forEachPart: StoredWeights['forEachPart'] = (take) => {
    drawn ??= storedArrays(freshWeights(model, seed));
    return drawn.forEachPart(take);
  };
  return { model: checked(model), weights: { forEachPart } };
}

/** One line of results. Stable: keys are added, never renamed; null where nothing can be said. */
type ServeLine = ReturnType<typeof lineOf>;

async function serveBatch(
  machine: Machine,
  { model, weights }: Served,
  options: Omit<ServeOptions, 'batch'> & { readonly batch: number },
  output: Output,
): Promise<ServeLine> {
  const { engine, open, device } = machine;
  const { batch, prompt, output: tokens, repeats, seed } = options;
  const served: ServingCase = { batch, prompt, output: tokens };
  const needs = {
    promptTokens: prompt,
    maximumTokens: tokens,
    useCache: true,
    slots: batch,
    context: prompt + tokens,
    weights: options.weights,
    unquantised: options.unquantised,
  };
  const plans = await stage('tooLarge', () => recordSampling(engine, model, needs.context, needs));
  checkInferenceMemory(engine, plans);
  const memory = inferenceMemory(plans);
  if (open && options.calibrate) {
    engine.profile = await completeProfile(open, samplingPlans(plans), engine.profile, output);
  }
  const { profile } = engine;
  const predicted = profile && predictServing(plans, served, profile);
  let measured: MeasuredServing | undefined;
  if (!options.dryRun) {
    const { runtime, sampler } = await openSampler(engine, { model, weights }, needs);
    try {
      measured = await measureServing(sampler, served, { repeats, seed, vocabulary: model.vocabulary });
    } finally {
      runtime.dispose();
    }
  }
  return lineOf(options, served, memory, { measured, predicted, profile, device });
}

function lineOf(
  { weights, cache, runtime }: Pick<ServeOptions, 'weights' | 'cache' | 'runtime'>,
  { batch, prompt, output }: ServingCase,
  { weightBytes, cacheBytes, totalBytes }: InferenceMemory,
  found: {
    readonly measured: MeasuredServing | undefined;
    readonly predicted: ServingPrediction | undefined;
    readonly profile: DeviceProfile | undefined;
    readonly device: string;
  },
) {
  const { measured, predicted, profile, device } = found;
  const { expectation, limit, decode, bound } = predicted ?? {};
  const seconds = measured?.betweenTokensSeconds ?? expectation?.betweenTokensSeconds;
  const peak = profile?.fmaFlopsPerSecond.value;
  const bandwidth = profile && Math.max(...profile.copyBytesPerSecond.map(({ rate }) => rate.value));
  /** Share of a rate that so much in a token's time is. */
  const shareOf = (amount: number | undefined, rate: number | undefined): number | null =>
    amount && rate && seconds ? amount / seconds / rate : null;
  return {
    batch,
    weights,
    cache,
    runtime,
    prompt,
    output,
    tokensPerSecond: measured?.tokensPerSecond ?? null,
    predictedTokensPerSecond: expectation?.tokensPerSecond ?? null,
    limitTokensPerSecond: limit?.tokensPerSecond ?? null,
    firstTokenSeconds: measured?.firstTokenSeconds ?? null,
    predictedFirstTokenSeconds: expectation?.firstTokenSeconds ?? null,
    betweenTokensSeconds: measured?.betweenTokensSeconds ?? null,
    predictedBetweenTokensSeconds: expectation?.betweenTokensSeconds ?? null,
    spread: measured?.spread ?? null,
    weightBytes,
    cacheBytes,
    totalBytes,
    bound: bound ?? null,
    modelFlopsUse: shareOf(decode?.usefulFlops, peak),
    modelBandwidthUse: shareOf(decode?.bytes, bandwidth),
    flopsPerSecond: peak ?? null,
    bytesPerSecond: bandwidth ?? null,
    device,
  };
}

const widths = [6, 12, 12, 12, 8, 12, 12, 12, 12, 10, 10, 11, 7, 7] as const;
const head = [
  ...[
    'batch',
    'tokens/s',
    'predicted',
    'limit',
    'spread',
    'first token',
    'predicted',
    'between',
    'predicted',
  ],
  ...['weights', 'caches', 'bound', 'MFU', 'MBU'],
].map((cell, index) => cell.padStart(widths[index] ?? 0));

const legend =
  'tokens/s: all that the texts got, from the first prompt to the last token. first token: mean over the texts, whose ' +
  'prompts run one after the other. between: tokens of one text. MFU, MBU: useful flops and the bytes of a decoding step ' +
  'over measured peak and copy bandwidth.';

function describe(line: ServeLine): string {
  const known = (value: number | null, format: (value: number) => string) =>
    value === null ? '–' : format(value);
  const rate = (value: number | null) => known(value, (one) => formatSi(one));
  const time = (value: number | null) => known(value, formatSeconds);
  const cells = [
    String(line.batch),
    ...[line.tokensPerSecond, line.predictedTokensPerSecond, line.limitTokensPerSecond].map(rate),
    known(line.spread, formatSpread),
    ...[line.firstTokenSeconds, line.predictedFirstTokenSeconds].map(time),
    ...[line.betweenTokensSeconds, line.predictedBetweenTokensSeconds].map(time),
    ...[line.weightBytes, line.cacheBytes].map(formatBytes),
    line.bound ?? '–',
    ...[line.modelFlopsUse, line.modelBandwidthUse].map((share) => known(share, formatPercent)),
  ];
  return cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ');
}
