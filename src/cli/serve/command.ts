// `flopscope serve-bench`: tokens per second against batch, each beside its prediction.
import { type Command, InvalidArgumentError } from 'commander';
import type { ServingCase, ServingRow } from '../../contract/serving.ts';
import { samplingPlans } from '../../lab/plans/inference-memory.ts';
import { freshWeights } from '../../lab/plans/open-model.ts';
import { type StoredWeights, storedArrays } from '../../lab/plans/parameter-io.ts';
import { planServing, rowOf, type ServedFiles, serveBatch } from '../../lab/serving/serve.ts';
import { longestContext } from '../../model/attention-config.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { columnLine } from '../../text/columns.ts';
import { formatBytes, formatPercent, formatSeconds, formatSi, formatSpread } from '../../text/numbers.ts';
import { type Machine, openMachine } from '../device.ts';
import { readExperiment } from '../experiments.ts';
import { refuse } from '../failure.ts';
import { isModel, readModel } from '../files.ts';
import { modelArgument, resolveModel } from '../models.ts';
import {
  cacheOption,
  checkDraftTokens,
  draftOption,
  draftTokensOption,
  integer,
  jsonOption,
  outputOf,
  parseSeed,
  runtimeOption,
  threadsOption,
  unquantisedOption,
  weightsOption,
} from '../options.ts';
import type { Output } from '../output.ts';
import { completeProfile } from '../profiles.ts';
import { useKnownProfile } from '../profiles-known.ts';
import { benchDrafts } from './drafts.ts';
import type { ServeOptions } from './options.ts';

/** Adds the command. */
export function addServeBench(program: Command): void {
  program
    .command('serve-bench')
    .argument('<model>', `${modelArgument}; or CONFIG.json, whose weights are then drawn from the seed`)
    .description(
      'serve batches of texts: tokens per second, first token and time between tokens, and what was predicted',
    )
    .option('--batch <list>', 'texts at the same time, such as 1,4,16', batchList, [1, 2, 4, 8, 16])
    .option('--prompt <tokens>', 'of each text', integer(1, longestContext), 32)
    .option('--output <tokens>', 'drawn for each text', integer(1, longestContext), 64)
    .option('--repeats <n>', 'of which the median is shown', integer(1, 1000), 5)
    .addOption(weightsOption())
    .addOption(unquantisedOption())
    .addOption(cacheOption())
    .option('--seed <s>', 'of prompts, and of weights where a CONFIG.json has none', parseSeed, 1)
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--no-calibrate', 'predict nothing where the device was not calibrated before')
    .option('--dry-run', 'predict only', false)
    .addOption(draftOption())
    .addOption(draftTokensOption())
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (path: string, options: ServeOptions, command: Command) => {
      const output = outputOf(command);
      checkDraftTokens(command);
      const files = await readServed(await resolveModel(path), options.seed, output);
      const machine = await openMachine(options);
      await useKnownProfile(machine, options.profile, output);
      if (options.draft !== undefined) {
        const isAsked = command.getOptionValueSource('batch') !== 'default';
        if (isAsked && options.batch.join() !== '1')
          refuse(
            'invalidRequest',
            'serve-bench: drafts are for one text at a time. Use --batch 1 or leave it out.',
          );
        await benchDrafts(machine, files, options, output);
        return;
      }
      output.text(`${columns(head)}\n`);
      for (const batch of options.batch) {
        const line = await benchBatch(machine, files, { ...options, batch }, output);
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

async function readServed(path: string, seed: number, output: Output): Promise<ServedFiles> {
  if (await isModel(path)) return readModel(path, output.note);
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
  return { model, weights: { forEachPart } };
}

/** One line of results. Stable: keys are added, never renamed; null where nothing can be said. */
type ServeLine = ReturnType<typeof lineOf>;

async function benchBatch(
  { engine, device }: Machine,
  files: ServedFiles,
  options: Omit<ServeOptions, 'batch'> & { readonly batch: number },
  output: Output,
): Promise<ServeLine> {
  const { batch, prompt } = options;
  const served: ServingCase = { batch, prompt, output: options.output };
  const plans = await planServing(engine, files.model, served, options);
  if (options.calibrate) {
    engine.profile = await completeProfile(engine, samplingPlans(plans), engine.profile, output);
  }
  const row = rowOf(engine, plans, served);
  const measured = options.dryRun ? undefined : await serveBatch(engine, files, served, options);
  return lineOf(options, measured ? { ...row, measured } : row, engine.profile, device);
}

function lineOf(
  { weights, cache, runtime }: Pick<ServeOptions, 'weights' | 'cache' | 'runtime'>,
  row: ServingRow,
  profile: DeviceProfile | undefined,
  device: string,
) {
  const { batch, prompt, output, weightBytes, cacheBytes, totalBytes, measured, predicted } = row;
  const { expectation, limit, bound } = predicted ?? {};
  const seconds = measured?.betweenTokensSeconds ?? expectation?.betweenTokensSeconds;
  const peak = profile?.fmaFlopsPerSecond.value;
  const bandwidth = profile && Math.max(...profile.copyBytesPerSecond.map(({ rate }) => rate.value));
  /** Share of a rate that so much in a token's time is. */
  const shareOf = (amount: number, rate: number | undefined): number | null =>
    rate && seconds ? amount / seconds / rate : null;
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
    modelFlopsUse: shareOf(row.decodeFlops, peak),
    modelBandwidthUse: shareOf(row.decodeBytes, bandwidth),
    flopsPerSecond: peak ?? null,
    bytesPerSecond: bandwidth ?? null,
    device,
  };
}

const columns = columnLine([6, 12, 12, 12, 8, 12, 12, 12, 12, 10, 10, 11, 7, 7], 'right');
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
];

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
  return columns(cells);
}
