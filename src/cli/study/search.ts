// `flopscope search`: the fastest model that is good enough, by the conditional law and this device's predicted speed.
import type { Command } from 'commander';
import { expandStudy } from '../../lab/studies/expand.ts';
import { planStudy } from '../../lab/studies/plan.ts';
import { resultsHeader, resultsLine } from '../../lab/studies/results.ts';
import { runStudy } from '../../lab/studies/run-study.ts';
import {
  type Candidate,
  fastestWithin,
  groupedVariants,
  searchShapes,
  trainingStudy,
} from '../../lab/studies/search.ts';
import { measureAnswers } from '../../lab/studies/speed.ts';
import { withVocabulary } from '../../lab/training/run.ts';
import { fitLaw } from '../../laws/fit-law.ts';
import { spearman } from '../../laws/ranks.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import { readRunsTable } from '../../laws/runs-table.ts';
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

interface SearchOptions extends StudyOptions {
  readonly runs?: string;
  readonly train?: number;
}

/** A candidate as it leaves the program. */
interface Line {
  readonly experiment: Experiment;
  readonly predictedLoss: number;
  readonly predictedTokensPerSecond: number;
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
    .option(
      '--train <n>',
      'train the n best, the baseline and fewer key/value heads, and measure',
      integer(0, 100),
    )
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
  const isTrained = (options.train ?? 0) > 0;
  const isShown = options.runs !== undefined && !isTrained;
  // Read before the device is measured, which takes a while.
  const table = options.runs === undefined ? undefined : await readTable(resolvePath(options.runs));
  const prepared = await prepareStudy(
    path,
    { ...options, ...(isShown ? { dryRun: true } : {}) },
    output,
    signal,
  );
  const { plan, corpus, planning } = prepared;
  const vocabulary = corpus.tokenizer.vocabularySize;
  const points = table === undefined ? await runPoints(prepared, output, signal) : table.points;
  const law = fitLaw(points, { law: 'conditional', form: 'multiplicative' });
  for (const warning of law.warnings) output.note(`search: ${warning}`);
  const found = searchShapes(plan.study, law, planning, vocabulary);
  const { lossLimit } = found;
  const trained = new Map<string, Line>();
  const train = async (experiment: Experiment, predictedLoss: number, predictedTokensPerSecond: number) => {
    const key = JSON.stringify(experiment.model);
    const known = trained.get(key);
    if (known) return known;
    const line = await trainOne(prepared, experiment, { predictedLoss, predictedTokensPerSecond }, signal);
    trained.set(key, line);
    return line;
  };
  const lineOf = ({ experiment, predictedLoss, predictedTokensPerSecond }: Candidate): Line => ({
    experiment,
    predictedLoss,
    predictedTokensPerSecond,
    ...trained.get(JSON.stringify(experiment.model)),
  });
  let surefire = lineOf(found.surefire);
  if (isTrained) {
    const best = [...found.candidates].sort((a, b) => a.predictedLoss - b.predictedLoss);
    const chosen = new Set([found.baseline, found.surefire, found.panda, ...best.slice(0, options.train)]);
    for (const { experiment, predictedLoss, predictedTokensPerSecond } of chosen)
      await train(experiment, predictedLoss, predictedTokensPerSecond);
    const limit =
      plan.study.search?.lossLimit ?? limitOf(lineOf(found.baseline), plan.study.search?.lossSlack);
    const within = [...trained.values()].map((line) => ({ ...line, predictedLoss: line.loss ?? Infinity }));
    const fastest = fastestWithin(within, limit);
    surefire = fastest
      ? (trained.get(JSON.stringify(fastest.experiment.model)) ?? surefire)
      : lineOf(found.panda);
    // Loss against groups is noisy, speed rises: one by one from the most groups, ending at the first beyond the limit.
    for (const variant of groupedVariants(
      { ...found.surefire, experiment: surefire.experiment },
      plan.study,
      planning,
      vocabulary,
    )) {
      const line = await train(variant.experiment, surefire.predictedLoss, variant.predictedTokensPerSecond);
      if ((line.loss ?? Infinity) > limit) break;
      if (line.predictedTokensPerSecond > surefire.predictedTokensPerSecond) surefire = line;
    }
  }
  for (const candidate of found.candidates)
    output.result({ ...lineOf(candidate), isOnFront: candidate.isOnFront }, undefined);
  const panda = isTrained ? lowest([...trained.values()]) : lineOf(found.panda);
  const measured = [...trained.values()].filter(({ loss }) => loss !== undefined);
  const rank = spearman(
    measured.map(({ predictedLoss }) => predictedLoss),
    measured.map(({ loss }) => loss ?? 0),
  );
  const baseline = lineOf(found.baseline);
  output.result(
    {
      panda,
      surefire,
      baseline,
      lossLimit,
      candidates: found.candidates.length,
      trained: measured.length,
      ...(rank === undefined ? {} : { spearman: rank }),
      gain: surefire.predictedTokensPerSecond / baseline.predictedTokensPerSecond - 1,
    },
    describe({ panda, surefire, baseline }, rank),
  );
}

function limitOf({ loss, predictedLoss }: Line, slack = 0): number {
  return (loss ?? predictedLoss) * (1 + slack);
}

function lowest(lines: readonly Line[]): Line {
  return lines.reduce((a, b) => ((b.loss ?? Infinity) < (a.loss ?? Infinity) ? b : a));
}

/** Runs the study itself, for the law to be fitted to. */
async function runPoints(
  { engine, corpus, plan }: PreparedStudy,
  output: Output,
  signal: AbortSignal,
): Promise<readonly RunPoint[]> {
  let table = resultsHeader();
  await runStudy(engine, plan.study, plan.groups, {
    corpus,
    signal,
    onStep: ({ shape }, step) => output.progress(`${shape.parameters} parameters, step ${step}`, 0),
    onResult: (planned, result) => {
      table += resultsLine(plan.id, planned, result);
    },
  });
  if (signal.aborted)
    throw new Interrupted(
      'while running the study: nothing was kept. Run it by flopscope study --out DIR, then search --runs DIR.',
    );
  return readRunsTable(table, plan.study.name).points;
}

/** Trains one candidate on the search's tokens and measures how fast it answers. */
async function trainOne(
  { engine, corpus, plan, planning }: PreparedStudy,
  experiment: Experiment,
  predicted: Pick<Line, 'predictedLoss' | 'predictedTokensPerSecond'>,
  signal: AbortSignal,
): Promise<Line> {
  const study = trainingStudy(plan.study, experiment);
  const vocabulary = corpus.tokenizer.vocabularySize;
  const { groups } = planStudy(expandStudy(study, vocabulary), planning, vocabulary);
  let loss: number | undefined;
  await runStudy(engine, study, groups, {
    corpus,
    signal,
    onResult: (_, result) => {
      loss = result.loss;
    },
  });
  if (signal.aborted) throw new Interrupted('while training a candidate: nothing was kept.');
  const { prompt, output } = plan.study.search ?? { prompt: 16, output: 32 };
  const measuredTokensPerSecond = await measureAnswers(engine, withVocabulary(experiment, corpus), corpus, {
    prompt,
    output,
  });
  return { experiment, ...predicted, measuredTokensPerSecond, ...(loss === undefined ? {} : { loss }) };
}

function describe(
  lines: Readonly<Record<'panda' | 'surefire' | 'baseline', Line>>,
  rank: number | undefined,
): string {
  const row = (name: string, { experiment: { model }, ...line }: Line) =>
    `${name.padEnd(9)} width ${model.width}, heads ${model.heads}/${model.keyValueHeads} × ${model.headSize}, hidden ${model.hidden}: ` +
    `loss ${formatDigits(line.loss ?? line.predictedLoss)}${line.loss === undefined ? ' (predicted)' : ''}, ` +
    `${formatDigits(line.measuredTokensPerSecond ?? line.predictedTokensPerSecond)} tokens/s${line.measuredTokensPerSecond === undefined ? ' (predicted)' : ''}`;
  return [
    row('Panda', lines.panda),
    row('Surefire', lines.surefire),
    row('baseline', lines.baseline),
    ...(rank === undefined ? [] : [`Spearman of predicted and trained losses: ${formatDigits(rank)}`]),
  ].join('\n');
}
