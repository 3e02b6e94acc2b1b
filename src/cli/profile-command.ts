// `flopscope profile`: times every kernel of a training step, beside its limit and its prediction.
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import type { KernelRow, KernelTable } from '../contract/kernels.ts';
import { measuredTable, totalOf, totalsBy } from '../lab/cost/kernel-table.ts';
import { traceOf } from '../lab/cost/trace.ts';
import { prepareRun, type Run } from '../lab/training/run.ts';
import { type Machine, openMachine, type RuntimeChoice } from './device.ts';
import { readExperiment, withText } from './experiments.ts';
import { prepareFile, resolvePath, writeFiles } from './files.ts';
import { unlessInterrupted, withInterruption } from './interruption.ts';
import { jsonOption, outputOf, runtimeOption, threadsOption } from './options.ts';
import type { Output } from './output.ts';
import { describeProfile } from './profile-text.ts';
import { completeProfile } from './profiles.ts';
import { useKnownProfile } from './profiles-known.ts';

interface ProfileOptions extends RuntimeChoice {
  readonly trace?: string;
  readonly data?: string;
  readonly profile?: string;
  readonly calibrate: boolean;
}

/** Adds the command. */
export function addProfile(program: Command): void {
  program
    .command('profile')
    .argument('<config>', 'CONFIG.json')
    .description('time every kernel of a training step, beside its limit and its prediction')
    .option('--trace <out>', 'write the step there, as a trace that Perfetto and Chrome open')
    .option('--data <file>', 'train on this text')
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--no-calibrate', 'predict only if the device was calibrated before')
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action((path: string, options: ProfileOptions, command: Command) =>
      withInterruption((signal) => profileStep(resolvePath(path), options, outputOf(command), signal)),
    );
}

async function profileStep(
  path: string,
  options: ProfileOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { experiment, text } = await withText(await readExperiment(path), options.data);
  const trace = options.trace === undefined ? undefined : resolvePath(options.trace);
  if (trace !== undefined) await prepareFile(trace);
  const work = async (): Promise<void> => {
    const machine = await openMachine(options);
    await useKnownProfile(machine, options.profile, output);
    const run = await prepareRun(machine.engine, experiment, {
      ...(text ? { text } : {}),
      withSampler: false,
      onProgress: output.progress,
    });
    await completeFigures(run, machine, options, output);
    const table = await measuredTable(machine.engine, run, undefined, (done, total) =>
      output.progress('timing every dispatch', done / total),
    );
    if (signal.aborted) return;
    if (trace !== undefined) await writeTrace(trace, table, basename(path));
    report(table, { device: machine.device, ...(trace === undefined ? {} : { trace }) }, output);
  };
  await unlessInterrupted(signal, 'while profiling: nothing was written.', work());
}

/** Calibrates what this step needs and is not known yet. */
async function completeFigures({ plans }: Run, { engine }: Machine, options: ProfileOptions, output: Output) {
  if (!options.calibrate || options.profile !== undefined) return;
  engine.profile = await completeProfile(engine, [plans.accumulate, plans.update], engine.profile, output);
}

async function writeTrace(path: string, table: KernelTable, title: string): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(traceOf(table, `Flopscope: ${title}`))}\n`);
  await writeFiles(dirname(path), [{ name: basename(path), bytes }]);
}

/** A row as a line of JSON: with its ratio. */
function rowJson(row: KernelRow) {
  const { predictedSeconds, measuredSeconds } = row;
  const isComparable = predictedSeconds && measuredSeconds !== undefined;
  return { ...row, ...(isComparable ? { ratio: measuredSeconds / predictedSeconds } : {}) };
}

function report(
  table: KernelTable,
  where: { readonly device: string; readonly trace?: string },
  output: Output,
): void {
  const { rows, method, accumulation = 1, stepSeconds, sumOverStep } = table;
  for (const row of rows) output.result(rowJson(row), undefined);
  const { name: _, ...whole } = totalOf('step', rows, accumulation);
  const totals = { kernel: totalsBy('kernel', table), term: totalsBy('term', table) };
  output.result(
    { done: true, ...whole, stepSeconds, sumOverStep, accumulation, method, ...where, totals },
    describeProfile(table, totals, where),
  );
}
