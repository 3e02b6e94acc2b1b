// `flopscope compare`: presets sized to the same training flops, trained one after another, and what each came to.

import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { ComparedModel } from '../contract/comparison.ts';
import { type ModelToCompare, sizeToEqualFlops } from '../lab/cost/equal-flops.ts';
import { type Corpus, loadCorpus } from '../lab/plans/corpus.ts';
import { stage } from '../lab/plans/problem.ts';
import { recordTrainingPlans } from '../lab/plans/training-plans.ts';
import { recordFileName } from '../lab/records/run-record.ts';
import { withVocabulary } from '../lab/training/run.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { textColumns } from '../text/columns.ts';
import { formatLoss, formatPercent, formatSi } from '../text/numbers.ts';
import { type ComparedOutcome, trainCompared } from './compare-train.ts';
import { type Machine, openMachine } from './device.ts';
import { experimentFrom, readExperiment, withText } from './experiments.ts';
import { Interrupted, refuse } from './failure.ts';
import { createDirectory, resolvePath } from './files.ts';
import { unlessInterrupted, withInterruption } from './interruption.ts';
import { integer, jsonOption, outputOf, runtimeOption, threadsOption } from './options.ts';
import type { Output } from './output.ts';
import { knownPreset } from './presets.ts';
import { completeProfile } from './profiles.ts';
import { useKnownProfile } from './profiles-known.ts';

interface CompareOptions {
  readonly steps?: number;
  readonly out?: string;
  readonly data?: string;
  readonly train: boolean;
  readonly calibrate: boolean;
  readonly profile?: string;
  readonly runtime: RuntimeKind;
  readonly threads?: number;
}

/** Adds the command. */
export function addCompare(program: Command): void {
  program
    .command('compare')
    .argument('<name...>', 'two to four presets or CONFIG.json; the others are sized to the first')
    .description('bring presets to the same training flops a token, train each, and compare')
    .option(
      '--steps <n>',
      'steps of each run; by default as many as the first preset has',
      integer(1, 10_000_000),
    )
    .option('--data <file>', 'train on this text')
    .option('--out <dir>', `write DIR/NAME/${recordFileName} of each, which flopscope report overlays`)
    .option('--no-train', 'print the models and their predicted cost only')
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--no-calibrate', 'predict only if the device was calibrated before')
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action((names: readonly string[], options: CompareOptions, command: Command) =>
      withInterruption((signal) => compare(names, options, outputOf(command), signal)),
    );
}

async function compare(
  names: readonly string[],
  options: CompareOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    refuse('invalidConfig', `compare: ${twice} is named twice. Name each preset once.`);
  const { chosen, corpus } = await modelsToCompare(names, options.data);
  const out = options.out === undefined ? undefined : resolvePath(options.out);
  if (out !== undefined) await createDirectory(out);
  const nothingYet = 'before the first step: there was nothing to keep.';
  const machine = await unlessInterrupted(signal, nothingYet, openMachine(options));
  await useKnownProfile(machine, options.profile, output);
  const models = await unlessInterrupted(signal, nothingYet, sized(chosen, machine, options, output));
  for (const model of models) output.result(sizedLine(model), undefined);
  output.text(`${describeModels(models)}\n`);
  if (!options.train) return;
  const outcomes: ComparedOutcome[] = [];
  for (const model of models) {
    output.text(`\n${model.title}\n`);
    const record = out === undefined ? undefined : join(out, model.presetId, recordFileName);
    outcomes.push(await trainCompared(model, { machine, corpus, record }, output, signal));
    if (signal.aborted) throw new Interrupted(`in ${model.presetId}: ${kept(out)}`);
  }
  output.result({ done: true, out, runs: outcomes }, `\n${describeOutcomes(models, outcomes)}\n${kept(out)}`);
}

function kept(out: string | undefined): string {
  return out === undefined
    ? 'Nothing was kept, because there is no --out.'
    : `The records are in ${out}. Overlay them with flopscope report ${join(out, '*')}.`;
}

/** The presets as experiments; the first is given its text, and with it its vocabulary. */
async function modelsToCompare(
  names: readonly string[],
  file: string | undefined,
): Promise<{ readonly chosen: readonly ModelToCompare[]; readonly corpus: Corpus | undefined }> {
  const plain = await Promise.all(names.map(modelToCompare));
  const [first, ...others] = plain;
  if (!first) return { chosen: [], corpus: undefined };
  const { experiment: wanted, text } = await withText(first.experiment, file);
  const corpus = await stage('invalidData', () => loadCorpus(wanted.data, text));
  const experiment = await stage('invalidConfig', () => withVocabulary(wanted, corpus));
  return { chosen: [{ ...first, experiment }, ...others], corpus };
}

/** A preset, or a configuration file under its own name. */
async function modelToCompare(name: string): Promise<ModelToCompare> {
  if (name.endsWith('.json')) {
    const title = basename(name, '.json');
    return { presetId: title, title, experiment: await readExperiment(resolvePath(name)) };
  }
  const { title, experiment } = knownPreset('compare', name);
  return { presetId: name, title, experiment: experimentFrom(name, experiment) };
}

/** The sized models; what their kernels take is measured first, unless that is not wanted. */
async function sized(
  chosen: readonly ModelToCompare[],
  { engine }: Machine,
  { steps, calibrate, profile }: CompareOptions,
  output: Output,
): Promise<readonly ComparedModel[]> {
  const size = () => stage('invalidConfig', () => sizeToEqualFlops(chosen, engine, steps));
  const models = await size();
  if (!engine.measurable || !calibrate || profile !== undefined) return models;
  const plans = models.flatMap((model) => {
    const { model: config, train } = experimentFrom(model.presetId, model.experiment);
    const { accumulate, update } = recordTrainingPlans(config, train, engine);
    return [accumulate, update];
  });
  engine.profile = await completeProfile(engine, plans, engine.profile, output);
  return size();
}

/** One model of `flopscope compare --json`, before training. Stable. */
function sizedLine({ presetId, ...model }: ComparedModel) {
  return { match: presetId, ...model };
}

function describeModels(models: readonly ComparedModel[]): string {
  const rows = models.map(({ title, parameters, activeParameters, flopsPerToken, ratio, secondsPerStep }) => [
    title,
    formatSi(parameters, ''),
    formatSi(activeParameters, ''),
    formatSi(flopsPerToken, 'FLOP'),
    formatPercent(ratio - 1),
    secondsPerStep === undefined ? '–' : formatSi(secondsPerStep, 's'),
  ]);
  const columns = ['model', 'parameters', 'per token', 'train flops/token', 'off by', 'predicted step'];
  const changes = models.flatMap(({ title, change }) => (change === '' ? [] : [`${title}: ${change}`]));
  return [textColumns([columns, ...rows], 'numbers'), ...changes].join('\n');
}

function describeOutcomes(models: readonly ComparedModel[], outcomes: readonly ComparedOutcome[]): string {
  const rows = outcomes.map(({ run, steps, loss, validationLoss, measuredStepSeconds, seconds, state }) => [
    models.find(({ presetId }) => presetId === run)?.title ?? run,
    String(steps),
    formatLoss(loss),
    formatLoss(validationLoss),
    formatSi(measuredStepSeconds, 's'),
    formatSi(seconds, 's'),
    state,
  ]);
  const heads = ['model', 'steps', 'loss', 'validation', 'step', 'time', ''];
  return textColumns([heads, ...rows], 'numbers');
}
