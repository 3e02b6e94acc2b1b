// `flopscope report`: one or more run records as one HTML file that needs nothing else.
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { RunRecord } from '../contract/records.ts';
import { stage } from '../lab/plans/problem.ts';
import { recordsReport } from '../lab/records/report.ts';
import { readRunRecord, recordFileName } from '../lab/records/run-record.ts';
import { refuse } from './failure.ts';
import { isDirectory, readBytes, resolvePath, writeFiles } from './files.ts';
import { jsonOption, outputOf } from './options.ts';

/** Adds the command. */
export function addReport(program: Command): void {
  program
    .command('report')
    .argument('<run...>', `${recordFileName} files, or directories that train wrote`)
    .description(
      'write one HTML file on one or more runs: curves, differences, predictions, kernels, samples',
    )
    .option('--out <file>', 'the file', 'report.html')
    .addOption(jsonOption())
    .action(async (runs: readonly string[], options: { readonly out: string }, command: Command) => {
      const out = resolvePath(options.out);
      const files = await Promise.all(runs.map((run) => recordFile(resolvePath(run))));
      if (files.includes(out))
        refuse('invalidFile', `report: ${out} is one of the records. Give another --out.`);
      const records: RunRecord[] = [];
      for (const file of files) records.push(await readRecord(file));
      const bytes = new TextEncoder().encode(recordsReport(records));
      await writeFiles(dirname(out), [{ name: basename(out), bytes }]);
      const written = records.map(({ id, title, state, steps }) => ({
        id,
        title,
        state,
        steps: steps.at(-1)?.step ?? 0,
      }));
      outputOf(command).result(
        { out, bytes: bytes.byteLength, runs: written },
        `wrote ${out} on ${records.length === 1 ? 'one run' : `${records.length} runs`}`,
      );
    });
}

/** The record of a directory of results, or the file itself. */
async function recordFile(path: string): Promise<string> {
  return (await isDirectory(path)) ? join(path, recordFileName) : path;
}

/** @throws LabError in one sentence that names the file */
async function readRecord(file: string): Promise<RunRecord> {
  const bytes = await readBytes(file);
  return stage('invalidFile', () => readRunRecord(bytes, file));
}
