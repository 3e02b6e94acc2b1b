// `flopscope search`: the fastest model that is good enough, by the conditional law and this device's predicted speed.
import type { Command } from 'commander';
import { runSearch } from '../../lab/studies/run-search.ts';
import { runStudy } from '../../lab/studies/run-study.ts';
import { type Candidate, type SearchResult, wishOf } from '../../lab/studies/search.ts';
import { fitLaw } from '../../laws/fit-law.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import type { Experiment } from '../../model/config.ts';
import { formatDigits } from '../../text/numbers.ts';
import { Interrupted } from '../failure.ts';
import { resolvePath } from '../files.ts';
import { readTable } from '../fit.ts';
import { withInterruption } from '../interruption.ts';
import { integer, jsonOption, outputOf, runtimeOption, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import type { StudyOptions } from './options.ts';
import { type PreparedStudy, prepareStudy } from './prepare.ts';
import { TableFile } from './table-file.ts';

interface SearchOptions extends StudyOptions {
  readonly runs?: string;
  readonly train?: number;
  readonly measure?: boolean;
}

/** A candidate as it leaves the program. */
interface Line {
  readonly experiment: Experiment;
  readonly predictedLoss: number;
  readonly predictedTokensPerSecond?: number;
  readonly loss?: number;
  readonly measuredTokensPerSecond?: number;
}

/** Adds the command. */
export function addSearch(program: Command): void {
  program
    .command('search')
    .argument('<study>', 'STUDY.json with "search" in it, or the ready one: shapes')
    .description(
      'search the shape of a model: the lowest loss (Panda), and the fastest within a loss (Surefire)',
    )
    .option(
      '--runs <file>',
      'fit the law to this table, or folder of tables; by default the study is run first',
    )
    .option('--out <dir>', 'keep the runs of that study there, and go on with them: study-ID unless given')
    .option(
      '--train <n>',
      'train the n best, the baseline and fewer key/value heads, and measure',
      integer(0, 100),
    )
    .option('--measure', 'choose by measured speeds, of every candidate, instead of predicted ones')
    .option('--data <file>', 'train on this text')
    .option('--profile <file>', 'predict with these figures of flopscope calibrate')
    .option('--no-calibrate', 'predict only if the device was calibrated before')
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action((path: string, options: SearchOptions, command: Command) =>
      withInterruption((signal) => search(path, options, outputOf(command), signal)),
    );
}

async function search(
  path: string,
  options: SearchOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { train = 0, measure: isMeasured = false } = options;
  const isShown = options.runs !== undefined && train === 0 && !isMeasured;
  // Read before the device is measured, which takes a while.
  const table = options.runs === undefined ? undefined : await readTable(resolvePath(options.runs));
  for (const warning of table?.warnings ?? []) output.note(`search: ${warning}`);
  const prepared = await prepareStudy(
    path,
    { ...options, ...(isShown ? { dryRun: true } : {}) },
    output,
    signal,
  );
  const { plan, corpus, planning, engine } = prepared;
  wishOf(plan.study); // before anything runs
  const points = table === undefined ? await runPoints(prepared, options.out, output, signal) : table.points;
  const law = fitLaw(points, { law: 'conditional', form: 'multiplicative' });
  for (const warning of law.warnings) output.note(`search: ${warning}`);
  let last: SearchResult | undefined;
  try {
    last = await runSearch(plan.study, law, {
      engine,
      corpus,
      planning,
      train,
      isMeasured,
      signal,
      onProgress: (what, done, total) => output.progress(what, done / total),
      onFound: (found) => {
        last = found;
      },
    });
  } finally {
    if (last) show(last, output); // also where it broke off: it took a while
  }
  if (signal.aborted) throw new Interrupted('while searching: what was found until then is above.');
}

function show(found: SearchResult, output: Output): void {
  for (const candidate of found.candidates) {
    if (candidate.message !== undefined)
      output.note(`search: width ${candidate.experiment.model.width}: ${candidate.message}`);
    output.result({ ...lineOf(candidate), isOnFront: candidate.isOnFront }, undefined);
  }
  const [panda, surefire, baseline] = [found.panda, found.surefire, found.baseline].map(lineOf);
  const { lossLimit, trained, spearman, gain, candidates } = found;
  output.result(
    { panda, surefire, baseline, lossLimit, candidates: candidates.length, trained, spearman, gain },
    describe({ panda, surefire, baseline }, spearman),
  );
}

/** What of a candidate leaves the program. */
function lineOf(candidate: Candidate): Line {
  const { experiment, predictedLoss, predictedTokensPerSecond, loss, measuredTokensPerSecond } = candidate;
  return {
    experiment,
    predictedLoss,
    ...(predictedTokensPerSecond === undefined ? {} : { predictedTokensPerSecond }),
    ...(loss === undefined ? {} : { loss }),
    ...(measuredTokensPerSecond === undefined ? {} : { measuredTokensPerSecond }),
  };
}

/** Runs the study itself, for the law to be fitted to. They took a while: they are kept, whatever becomes of the search. */
async function runPoints(
  { engine, corpus, plan }: PreparedStudy,
  out = `study-${plan.id}`,
  output: Output,
  signal: AbortSignal,
): Promise<readonly RunPoint[]> {
  const folder = resolvePath(out);
  const file = await TableFile.open(folder, plan, undefined);
  const { done } = file;
  const count = plan.groups.reduce((sum, { runs }) => sum + runs.length, 0);
  output.note(`search: runs of the study are kept in ${folder}, which has ${done.size} of ${count}.`);
  await runStudy(engine, plan.study, plan.groups, {
    corpus,
    done,
    signal,
    onStep: ({ shape }, step) => output.progress(`${shape.parameters} parameters, step ${step}`, 0),
    onResult: (planned, result) => file.append(planned, result),
  });
  if (signal.aborted)
    throw new Interrupted(`while running the study. The same command goes on with what is in ${folder}.`);
  return (await readTable(folder)).points;
}

function describe(
  lines: Readonly<Record<'panda' | 'surefire' | 'baseline', Line>>,
  rank: number | undefined,
): string {
  const row = (name: string, { experiment: { model }, ...line }: Line) =>
    `${name.padEnd(9)} width ${model.width}, heads ${model.heads}/${model.keyValueHeads} × ${model.headSize}, hidden ${model.hidden}: ` +
    `loss ${formatDigits(line.loss ?? line.predictedLoss)}${line.loss === undefined ? ' (predicted)' : ''}, ` +
    `${formatDigits(line.measuredTokensPerSecond ?? line.predictedTokensPerSecond ?? Number.NaN)} tokens/s${line.measuredTokensPerSecond === undefined ? ' (predicted)' : ''}`;
  return [
    row('Panda', lines.panda),
    row('Surefire', lines.surefire),
    row('baseline', lines.baseline),
    ...(rank === undefined ? [] : [`Spearman of predicted and trained losses: ${formatDigits(rank)}`]),
  ].join('\n');
}
