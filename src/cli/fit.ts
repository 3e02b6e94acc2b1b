// `flopscope fit`: a law fitted to runs of any origin, from a table or a folder of tables.
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Command, Option } from 'commander';
import { type ConditionalForm, conditionalForms } from '../laws/conditional-law.ts';
import { fitLaw } from '../laws/fit-law.ts';
import { type FitMethod, type FitRequest, fitMethods, type LawName, lawNames } from '../laws/report.ts';
import { countedBy, type ParameterCount, parameterCounts } from '../laws/run-point.ts';
import { mergeTables, type RunsTable, readRunsTable } from '../laws/runs-table.ts';
import { refuse } from './failure.ts';
import { isDirectory, readBytes, resolvePath } from './files.ts';
import { describeFit } from './fit-text.ts';
import { integer, jsonOption, outputOf, parseSeed } from './options.ts';

interface FitOptions {
  readonly law: LawName;
  readonly method?: FitMethod;
  readonly form?: ConditionalForm;
  readonly x?: NonNullable<FitRequest['x']>;
  readonly test?: string;
  readonly count?: ParameterCount;
  readonly leaveOut?: string;
  readonly leaveOutHighest?: number;
  readonly bootstrap?: number;
  readonly seed?: number;
}

const uShapeColumns = ['ratio', 'mlpToAttention', 'experts', 'width', 'parameters', 'tokens'] as const;

/** Adds the command. */
export function addFit(program: Command): void {
  program
    .command('fit')
    .argument('<runs>', 'FILE.csv with columns parameters, tokens, loss …, or the folder of a study')
    .description('fit a scaling law to runs, of this lab or of anybody else')
    .addOption(new Option('--law <name>', 'which law').choices(lawNames).makeOptionMandatory())
    .addOption(new Option('--method <name>', "how; each law's first unless given").choices(fitMethods))
    .addOption(new Option('--form <name>', 'of the conditional law').choices(conditionalForms))
    .addOption(new Option('--x <column>', 'along which the U lies').choices(uShapeColumns))
    .option('--test <file>', 'score the law on these runs, which it does not see')
    .addOption(
      new Option(
        '--count <which>',
        'N of the blocks, with the head, or all; as the table has it unless given',
      ).choices(parameterCounts),
    )
    .option(
      '--leave-out <names>',
      'leave out these runs, by name, or by number from 1 where a table names none, with commas between',
    )
    .option('--leave-out-highest <k>', 'leave out the k runs of the highest loss', integer(0))
    .option('--bootstrap <n>', '95 % intervals from so many resamples', integer(1, 100_000))
    .option('--seed <s>', 'of the resamples', parseSeed)
    .addOption(jsonOption())
    .action(async (path: string, options: FitOptions, command: Command) => {
      const output = outputOf(command);
      const { test, count, leaveOut, ...request } = options;
      const names = leaveOut?.split(',').map((name) => name.trim());
      const table = await readTable(resolvePath(path));
      if (table.unfinished > 0)
        output.note(
          `fit: ${table.unfinished} ${table.unfinished === 1 ? 'run' : 'runs'} did not finish and ${table.unfinished === 1 ? 'is' : 'are'} set aside.`,
        );
      for (const warning of table.warnings) output.note(`fit: ${warning}`);
      const counted = ({ points }: RunsTable) => (count ? countedBy(points, count) : points);
      const unseen = test === undefined ? undefined : counted(await readTable(resolvePath(test)));
      const report = fitLaw(counted(table), {
        ...request,
        ...(names ? { leaveOut: names } : {}),
        ...(unseen ? { test: unseen } : {}),
      });
      for (const run of report.leftOut) output.result({ leftOut: run }, undefined);
      const { residuals: _, leftOut, ...rest } = report;
      output.result({ ...rest, leftOut: leftOut.length }, describeFit(report));
    });
}

/** A table, or all tables of a folder as one. @throws UnfitRunsError or LabError */
export async function readTable(path: string): Promise<RunsTable> {
  if (!(await isDirectory(path))) return readOne(path);
  const names = (await readdir(path)).filter((name) => name.endsWith('.csv')).sort();
  if (names.length === 0) refuse('invalidFile', `${path}: no .csv file in it. Give the folder of a study.`);
  const tables = await Promise.all(
    names.map(async (name) => ({ name, table: await readOne(join(path, name)) })),
  );
  return mergeTables(tables);
}

async function readOne(path: string): Promise<RunsTable> {
  return readRunsTable(new TextDecoder().decode(await readBytes(path)), basename(path));
}
