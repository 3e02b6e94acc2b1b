// `flopscope study`: many runs from one file: predicted, planned, run, resumed, cut into shards, written for other machines.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { emitStudy, emitters } from '../../lab/studies/emit.ts';
import { type PlannedRun, type StudyPlan, shardOf, type TrunkGroup } from '../../lab/studies/plan.ts';
import { readyStudies } from '../../lab/studies/ready.ts';
import { runStudy } from '../../lab/studies/run-study.ts';
import { columnLine, textColumns } from '../../text/columns.ts';
import { formatLoss, formatPercent, formatSi } from '../../text/numbers.ts';
import { Interrupted, refuse } from '../failure.ts';
import { resolvePath } from '../files.ts';
import { withInterruption } from '../interruption.ts';
import { jsonOption, outputOf, runtimeOption, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import type { StudyOptions } from './options.ts';
import { type PreparedStudy, prepareStudy } from './prepare.ts';
import { type Shard, TableFile } from './table-file.ts';

/** Adds the command. */
export function addStudy(program: Command): void {
  program
    .command('study')
    .argument(
      '[study]',
      `STUDY.json, or a ready one: ${Object.keys(readyStudies).join(', ')}; without it they are listed`,
    )
    .description('run a study: many runs from one file, for laws to be fitted to')
    .option('--out <dir>', 'keep a table of the runs there, and go on with it after an interruption')
    .option('--shard <i/n>', 'run the i-th of n independent parts', parseShard)
    .option('--budget <time>', 'at most so long on this device, such as 90s, 10m or 8h', parseDuration)
    .option('--dry-run', 'predict every run and run none')
    .addOption(new Option('--emit <for>', 'write a script for other machines').choices(emitters))
    .option('--data <file>', 'train on this text')
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--no-calibrate', 'predict only if the device was calibrated before')
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action((path: string | undefined, options: StudyOptions, command: Command) =>
      withInterruption(async (signal) => {
        const output = outputOf(command);
        if (path === undefined) return listReady(output);
        const prepared = await prepareStudy(path, options, output, signal);
        const groups = mine(prepared.plan, options.shard);
        describeDropped(prepared.plan, output);
        if (options.emit !== undefined) return emit(path, prepared, options, output);
        if (options.dryRun) return dryRun(prepared.plan, groups, output);
        return run(prepared, groups, options, output, signal);
      }),
    );
}

function listReady(output: Output): void {
  for (const [name, study] of Object.entries(readyStudies)) {
    const { note } = study as { readonly note: string };
    output.result(study, `${name}: ${note}`);
  }
}

function mine({ groups }: StudyPlan, shard: Shard | undefined): readonly TrunkGroup[] {
  return shard ? shardOf(groups, shard.index, shard.count) : groups;
}

function describeDropped({ dropped }: StudyPlan, output: Output): void {
  for (const { run, reason } of dropped) {
    const { parameters } = run.shape;
    output.result(
      { dropped: run.run, parameters, tokens: run.tokens, reason },
      `dropped: ${formatSi(parameters, '').trim()} parameters, ${formatSi(run.tokens, 'tokens')}: ${reason}`,
    );
  }
}

function emit(path: string, { plan }: PreparedStudy, options: StudyOptions, output: Output): void {
  const emitter = options.emit ?? 'parallel';
  const shards = options.shard?.count ?? Math.min(plan.groups.length, 8);
  const { name, budget } = plan.study;
  // A shard counts among the runs that are left, and by its own machine's seconds others may be left.
  if ((budget.seconds ?? budget.dollars) !== undefined && options.profile === undefined)
    output.note(
      'study: a budget in time or money drops runs by predicted seconds, which differ between machines: give --profile FILE, so that all shards count the same runs, or a budget in flops.',
    );
  const out = options.out ?? `study-${plan.id}`;
  const text = emitStudy(emitter, {
    name,
    out,
    shards,
    study: path,
    options: passedOn(options),
    predictedSeconds: plan.predictedSeconds,
  });
  output.result({ emit: emitter, shards, text }, text.trimEnd());
}

/** Options that decide on what a shard runs, and on what. */
function passedOn({ budget, data, runtime, threads, profile, calibrate }: StudyOptions): readonly string[] {
  return [
    ...(budget === undefined ? [] : ['--budget', `${budget}s`]),
    ...(data === undefined ? [] : ['--data', data]),
    ...(runtime === 'gpu' ? [] : ['--runtime', runtime]),
    ...(threads === undefined ? [] : ['--threads', String(threads)]),
    ...(profile === undefined ? [] : ['--profile', profile]),
    ...(calibrate ? [] : ['--no-calibrate']),
  ];
}

function dryRun({ predictedSeconds, flops }: StudyPlan, groups: readonly TrunkGroup[], output: Output): void {
  const runs = groups.flatMap((group) => group.runs);
  for (const run of runs) output.result(describe(run), undefined);
  const rows = runs.map((run) => lineOf(run));
  const whole = runs.reduce((sum, run) => sum + run.planFlops, 0);
  const isPart = whole < flops;
  const seconds = isPart ? sumSeconds(runs) : predictedSeconds;
  output.result(
    { runs: runs.length, predictedSeconds: seconds, flops: whole },
    [...rows, total(runs.length, seconds, whole)].join('\n'),
  );
}

function describe(run: PlannedRun) {
  const { shape, tokens, planFlops, predictedSeconds, predictedBytes, trunk, seed, experiment } = run;
  return {
    run: run.run,
    experiment,
    predictedSeconds,
    predictedBytes,
    tokens,
    parameters: shape.parameters,
    flops: planFlops,
    trunk,
    seed,
    width: shape.width,
    ratio: shape.ratio,
    mlpToAttention: shape.mlpToAttention,
  };
}

const columns = columnLine([15, 15, 15, 15, 15]);

function lineOf({ run, shape, tokens, predictedSeconds, predictedBytes }: PlannedRun): string {
  return columns([
    run,
    `${formatSi(shape.parameters, '').trim()} parameters`,
    formatSi(tokens, 'tokens'),
    predictedSeconds === undefined ? '' : formatSi(predictedSeconds, 's'),
    formatSi(predictedBytes, 'B'),
  ]);
}

function total(count: number, seconds: number | undefined, flops: number): string {
  const time = seconds === undefined ? 'not calibrated' : formatSi(seconds, 's');
  return textColumns([
    ['runs', String(count)],
    ['predicted', time],
    ['flops', formatSi(flops, 'FLOP')],
  ]);
}

function sumSeconds(runs: readonly PlannedRun[]): number | undefined {
  const seconds = runs.map(({ predictedSeconds }) => predictedSeconds);
  return seconds.every((value) => value !== undefined)
    ? seconds.reduce((sum, value) => sum + value, 0)
    : undefined;
}

async function run(
  { engine, device, corpus, plan }: PreparedStudy,
  groups: readonly TrunkGroup[],
  options: StudyOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const runs = groups.flatMap((group) => group.runs);
  const file =
    options.out === undefined
      ? undefined
      : await TableFile.open(resolvePath(options.out), plan, options.shard);
  // The folder may hold other shards as well: theirs are not ours.
  const done = new Set(runs.map((planned) => planned.run).filter((name) => file?.done.has(name)));
  if (done.size > 0) output.note(`study: ${done.size} of ${runs.length} runs are in ${options.out} already.`);
  const counts = { finished: 0, failed: 0 };
  const losses: number[] = [];
  const times = await runStudy(engine, plan.study, groups, {
    corpus,
    done,
    signal,
    onStep: (planned, step) =>
      output.progress(
        `run ${done.size + counts.finished + counts.failed + 1} of ${runs.length}: ${planned.shape.parameters} parameters, step ${step}`,
        (done.size + counts.finished + counts.failed) / runs.length,
      ),
    onResult: async (planned, result) => {
      await file?.append(planned, result);
      if (result.status === 'finished') counts.finished++;
      else counts.failed++;
      if (result.loss !== undefined) losses.push(result.loss);
      const { loss, seconds, status, message } = result;
      output.result(
        { ...describe(planned), loss, seconds, status, ...(message ? { message } : {}) },
        `${lineOf(planned)}  ${loss === undefined ? `${status}: ${message}` : `loss ${formatLoss(loss)}`}  in ${formatSi(seconds, 's')}`,
      );
    },
  });
  if (signal.aborted) {
    const kept = file
      ? `${file.path} has ${done.size + counts.finished + counts.failed} of ${runs.length} runs. The same command goes on.`
      : 'nothing was kept, because there is no --out.';
    throw new Interrupted(kept);
  }
  const predictedSeconds = sumSeconds(runs.filter((planned) => !done.has(planned.run)));
  output.result(
    {
      runs: runs.length,
      skipped: done.size,
      ...counts,
      predictedSeconds,
      flops: runs.reduce((sum, planned) => sum + planned.planFlops, 0),
      ...times,
      device,
      ...(file ? { out: file.path } : {}),
    },
    textColumns([
      ['runs', `${counts.finished} finished, ${counts.failed} failed, ${done.size} done before`],
      ['measured', `${formatSi(times.seconds, 's')}, idle ${formatPercent(times.idleShare)}`],
      ['predicted', predictedSeconds === undefined ? 'not calibrated' : formatSi(predictedSeconds, 's')],
      ...(file ? [['table', file.path] as const] : []),
    ]),
  );
}

function parseShard(text: string): Shard {
  const [, index = '', count = ''] = text.match(/^(\d{1,6})\/(\d{1,6})$/) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new InvalidArgumentError('Use I/N with I from 1 to N, such as 2/8.');
}

/** Seconds of 90s, 10m or 8h. */
function parseDuration(text: string): number {
  const [, digits = '', unit = 's'] = text.match(/^(\d+(?:\.\d+)?)([smh]?)$/) ?? [];
  const value = Number(digits) * ({ s: 1, m: 60, h: 3600, '': 1 }[unit] ?? 1);
  if (digits !== '' && value > 0) return value;
  if (digits !== '') refuse('invalidConfig', 'study: a budget of 0 leaves no run. Give a time, such as 10m.');
  throw new InvalidArgumentError('Use a time, such as 90s, 10m or 8h.');
}
