// `flopscope predict`: what a run would cost, before anything is allocated.

import { join } from 'node:path';
import type { Command } from 'commander';
import type { Prediction } from '../../contract/runs.ts';
import { predictedTable } from '../../lab/cost/kernel-table.ts';
import { termReport } from '../../lab/cost/terms.ts';
import { checkCapacity } from '../../lab/plans/capacity.ts';
import { loadCorpus } from '../../lab/plans/corpus.ts';
import type { Engine } from '../../lab/plans/engine.ts';
import { expectWork, withoutParts } from '../../lab/plans/expectation.ts';
import { fitContext } from '../../lab/plans/fitting-context.ts';
import { inferenceMemory } from '../../lab/plans/inference-memory.ts';
import { allPlans, type InferencePlans, recordInferencePlans } from '../../lab/plans/inference-plans.ts';
import { predictTraining } from '../../lab/plans/prediction.ts';
import { stage } from '../../lab/plans/problem.ts';
import { recordTrainingPlans, type TrainingPlans } from '../../lab/plans/training-plans.ts';
import { allWork } from '../../lab/plans/work.ts';
import { modelFileNames, parseJson } from '../../lab/training/model-files.ts';
import { longestContext } from '../../model/attention-config.ts';
import { type Experiment, parseExperiment } from '../../model/config.ts';
import { readHuggingFaceConfig } from '../../model/huggingface/config.ts';
import { createModelTensors } from '../../model/tensors.ts';
import type { InferenceFormats } from '../../model/weight-format.ts';
import { atContext } from '../../model/working-context.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { baselineCapabilities, type Capabilities, type VariantTable } from '../../plan/kernel.ts';
import { tunedVariants } from '../../plan/tuned-variants.ts';
import { textColumns } from '../../text/columns.ts';
import { formatSi, formatSpread } from '../../text/numbers.ts';
import { openMachine, type RuntimeChoice, refuseThreads, tryOpenMachine } from '../device.ts';
import { experimentFrom, readExperiment, withText } from '../experiments.ts';
import { refuse } from '../failure.ts';
import { isDirectory, readBytes, readIfPresent, resolvePath } from '../files.ts';
import { resolveModel } from '../models.ts';
import {
  cacheOption,
  integer,
  jsonOption,
  outputOf,
  runtimeOption,
  threadsOption,
  unquantisedOption,
  weightsOption,
} from '../options.ts';
import type { Output } from '../output.ts';
import { completeProfile, keptProfile, readProfile } from '../profiles.ts';
import { describeExpectations } from './expectations.ts';
import { describeTermReport } from './terms.ts';

/** File beside a model that says how it was trained. */
export const experimentFileName = 'experiment.json';

interface PredictOptions extends Required<InferenceFormats>, RuntimeChoice {
  readonly profile?: string;
  readonly calibrate: boolean;
  readonly batch?: number;
  readonly context?: number;
  readonly data?: string;
  readonly expect: boolean;
}

/** Characters of a typical alphabet, for a file that is not here. */
const typicalVocabulary = { characters: 65, bytes: 256 } as const;

/** Adds the command. */
export function addPredict(program: Command): void {
  program
    .command('predict')
    .argument('<config>', 'CONFIG.json, a model directory, or OWNER/NAME[@REVISION] that was pulled')
    .description('predict memory, flops and speed of training, without running it')
    .option('--profile <file>', 'of flopscope calibrate; by default the figures kept for this device')
    .option('--no-calibrate', 'give no seconds when the device was not calibrated before')
    .option('--batch <rows>', 'rows of a micro-batch', integer(1, 4096))
    .option('--context <tokens>', 'context length', integer(1, longestContext))
    .option('--data <file>', 'the text to train on, for its vocabulary')
    .addOption(weightsOption())
    .addOption(unquantisedOption())
    .addOption(cacheOption())
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .option('--expect', 'limit and expected seconds of training, evaluation, prefill and decoding', false)
    .addOption(jsonOption())
    .action(async (path: string, options: PredictOptions, command: Command) => {
      const output = outputOf(command);
      const where = await resolveModel(path);
      const wanted = await experimentToPredict(where, options, output);
      const isAsked = command.getOptionValueSource('runtime') !== 'default';
      const device = await findDevice(options, isAsked, output);
      const { experiment, plans, sampling } = await recordFitting(where, wanted, options, device, output);
      const { accumulate, update } = plans;
      const profile =
        device.engine && options.calibrate
          ? await completeProfile(
              device.engine,
              options.expect ? allPlans(plans, sampling) : [accumulate, update],
              device.profile,
              output,
            )
          : device.profile;
      const prediction = predictTraining(experiment, plans, undefined, profile);
      const { batch, accumulation } = experiment.train;
      const { context, vocabulary } = experiment.model;
      const name = profile ? { device: profile.device } : {};
      const kernels = profile && predictedTable({ experiment, plans }, profile);
      const expectations =
        options.expect && profile
          ? allWork(plans, sampling, experiment.train).map((work) => withoutParts(expectWork(work, profile)))
          : undefined;
      if (options.expect && !profile) {
        const what = 'predict: --expect needs a calibrated device or --profile FILE';
        if (device.engine)
          refuse('invalidConfig', `${what}, and this one is not calibrated. Leave --no-calibrate out.`);
        refuse('noAdapter', `${what}, and there is neither.`);
      }
      const terms = termReport(experiment, plans, sampling, kernels);
      output.result(
        {
          ...prediction,
          batch,
          accumulation,
          context,
          vocabulary,
          ...name,
          inference: inferenceOf(sampling, options),
          terms,
          ...(expectations ? { expectations } : {}),
        },
        [
          describe(prediction, profile),
          describeInference(inferenceOf(sampling, options)),
          ...(expectations ? [describeExpectations(expectations)] : []),
          describeTermReport(terms),
        ].join('\n\n'),
      );
    });
}

/**
 * The plans of an experiment. A published model's longest context is no size of work that anybody asked for: where the
 * device has no room for it, the longest that fits is taken, and why is said.
 */
async function recordFitting(
  path: string,
  wanted: Experiment,
  options: PredictOptions,
  device: PredictedDevice,
  output: Output,
): Promise<{ experiment: Experiment; plans: TrainingPlans; sampling: InferencePlans }> {
  const record = (context: number) =>
    stage('tooLarge', () => {
      const experiment = { ...wanted, model: atContext(wanted.model, context) };
      checkCapacity(device, experiment.model, 1);
      const plans = recordTrainingPlans(experiment.model, experiment.train, device);
      const { weights, unquantised, cache } = options;
      const { maxBindingBytes } = device.capabilities;
      const stored = { maxBindingBytes, gradients: false, weights, unquantised };
      const served = createModelTensors({ ...experiment.model, dropout: 0 }, stored);
      return { experiment, plans, sampling: recordInferencePlans(served, { ...device, cache }) };
    });
  const { context } = wanted.model;
  if (options.context !== undefined || !(await isDirectory(path))) return record(context);
  const fitted = await fitContext(context, record);
  if (fitted.reason !== undefined)
    output.note(
      `predict: a context of ${fitted.context}, of the model's ${context}, because ${fitted.reason} Choose with --context.`,
    );
  return fitted.value;
}

async function experimentToPredict(
  path: string,
  options: PredictOptions,
  output: Output,
): Promise<Experiment> {
  const found = (await isDirectory(path)) ? await experimentOfDirectory(path) : await readExperiment(path);
  const { batch = found.train.batch, context = found.model.context } = options;
  // Checked again: what fits the file's batch need not fit another, such as the tokens of a limited expert.
  const wanted = experimentFrom(path, {
    ...found,
    model: { ...found.model, context },
    train: { ...found.train, batch },
  });
  const experiment = options.data === undefined ? wanted : (await withText(wanted, options.data)).experiment;
  if (experiment.model.vocabulary > 0) return experiment;
  const vocabulary = await vocabularyOf(experiment, options.data, output);
  return { ...experiment, model: { ...experiment.model, vocabulary } };
}

/** A directory's own experiment, or a default way to train its model. */
async function experimentOfDirectory(path: string): Promise<Experiment> {
  const configPath = join(path, modelFileNames.config);
  const model = await stage('invalidFile', async () =>
    readHuggingFaceConfig(parseJson(configPath, await readBytes(configPath))),
  );
  const trained = await readIfPresent(join(path, experimentFileName));
  if (trained) {
    const name = join(path, experimentFileName);
    const json = await stage('invalidFile', () => parseJson(name, trained));
    return { ...experimentFrom(name, json), model };
  }
  const train = { steps: 1000, batch: 16, optimizer: { learningRate: 1e-3 } };
  const parsed = parseExperiment({ model, train, data: {} });
  if (parsed.kind === 'problem') {
    refuse('invalidConfig', `${configPath}: ${parsed.problems.map(({ message }) => message).join(' ')}`);
  }
  return parsed.experiment;
}

async function vocabularyOf({ data }: Experiment, file: string | undefined, output: Output): Promise<number> {
  if (data.tokenizer === 'bytes') return typicalVocabulary.bytes;
  if (data.source !== 'file' || file !== undefined) {
    const text = file === undefined ? undefined : new Blob([await readBytes(resolvePath(file))]);
    const corpus = await stage('invalidData', () => loadCorpus(data, text));
    return corpus.tokenizer.vocabularySize;
  }
  const assumed = data.tokenizer === 'bpe' ? data.tokenizerVocabulary : typicalVocabulary.characters;
  output.note(`predict: the text is not given, so a vocabulary of ${assumed} is assumed. Pass --data FILE.`);
  return assumed;
}

/** A device to predict for; `engine` if it is here and may be measured. */
interface PredictedDevice {
  readonly capabilities: Capabilities;
  readonly profile: DeviceProfile | undefined;
  readonly variants?: VariantTable | undefined;
  readonly engine?: Engine;
}

/** That of a profile, or the one that is here, if any. */
async function findDevice(
  { profile: file, ...choice }: PredictOptions,
  isRuntimeAsked: boolean,
  output: Output,
): Promise<PredictedDevice> {
  refuseThreads(choice.runtime, choice.threads);
  if (file !== undefined) {
    const given = await readProfile(resolvePath(file));
    if (isRuntimeAsked) checkMadeOn(file, given.profile, choice);
    return { ...given, variants: tunedVariants(given.profile) };
  }
  const machine = choice.runtime === 'gpu' ? await tryOpenMachine() : await openMachine(choice);
  if (machine?.engine.measurable) {
    const { engine } = machine;
    const profile = await keptProfile(engine);
    const variants = profile && tunedVariants(profile);
    return { capabilities: engine.capabilities, profile, variants, engine };
  }
  output.note(
    'predict: there is no GPU here, so there are no seconds. Pass --runtime wasm, or --profile FILE of another machine.',
  );
  return { capabilities: baselineCapabilities, profile: undefined };
}

/** Refuses a profile that was made on another runtime, or on other threads, than is asked for. */
function checkMadeOn(file: string, { processor }: DeviceProfile, { runtime, threads }: RuntimeChoice): void {
  const isSame = runtime === (processor ? 'wasm' : 'gpu') && (!threads || threads === processor?.threads);
  if (isSame) return;
  const asked = threads ? `--runtime ${runtime} --threads ${threads}` : `--runtime ${runtime}`;
  const made = processor ? `--runtime wasm --threads ${processor.threads}` : '--runtime gpu';
  refuse(
    'invalidConfig',
    `predict: ${asked} is not what ${file} was made on, ${made}. Leave it out, or give another profile.`,
  );
}

/** What sampling one text of the whole context takes, with weights and cache as they are asked for. */
function inferenceOf(sampling: InferencePlans, { weights, cache }: PredictOptions) {
  const { weightBytes, cacheBytes, workBytes, totalBytes } = inferenceMemory(sampling);
  return { weights, cache, weightBytes, cacheBytes, workBytes, totalBytes };
}

function describeInference({ weights, cache, ...bytes }: ReturnType<typeof inferenceOf>): string {
  return textColumns([
    [`sampling: weights in ${weights}`, formatSi(bytes.weightBytes, 'B')],
    [`sampling: cache in ${cache}`, formatSi(bytes.cacheBytes, 'B')],
    ['sampling: work', formatSi(bytes.workBytes, 'B')],
    ['sampling: total', formatSi(bytes.totalBytes, 'B')],
  ]);
}

function describe(prediction: Prediction, profile: DeviceProfile | undefined): string {
  const { memoryBytes, secondsPerStep, tokensPerSecond, relativeError = 0, totalSeconds } = prediction;
  const error = formatSpread(relativeError);
  return textColumns([
    ['parameters', formatSi(prediction.parameters, '').trim()],
    ...Object.entries(memoryBytes).map(([name, bytes]) => [`memory: ${name}`, formatSi(bytes, 'B')] as const),
    ...prediction.flopsPerToken.map(
      ({ convention, flops, note }) =>
        [`flops per token: ${convention}`, `${formatSi(flops, 'FLOP')}  ${note}`] as const,
    ),
    ['tokens per step', String(prediction.tokensPerStep)],
    ['dispatches per step', String(prediction.dispatchesPerStep)],
    ...(secondsPerStep === undefined || tokensPerSecond === undefined || totalSeconds === undefined
      ? []
      : ([
          ['device', profile?.device ?? ''],
          ['seconds per step', `${formatSi(secondsPerStep, 's')} ${error}`],
          ['tokens per second', `${formatSi(tokensPerSecond, '')} ${error}`],
          ['whole run', formatSi(totalSeconds, 's')],
        ] as const)),
  ]);
}
