// The table of a study as a file: rows are appended as runs end, and a study that was interrupted goes on from them.
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StudyRow } from '../../contract/laws.ts';
import type { PlannedRun, StudyPlan } from '../../lab/studies/plan.ts';
import { readResults, resultsHeader, resultsLine } from '../../lab/studies/results.ts';
import { refuse } from '../failure.ts';
import { createDirectory, readIfPresent, writeFiles } from '../files.ts';

/** The index-th part of count, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** One table that is being written. */
export class TableFile {
  readonly path: string;
  /** Runs that it holds already. */
  readonly done: ReadonlySet<string>;
  readonly #study: string;

  private constructor(path: string, study: string, done: ReadonlySet<string>) {
    this.path = path;
    this.#study = study;
    this.done = done;
  }

  /** Opens the table of a study, or of a shard, in a folder. @throws LabError if the folder has runs of another study */
  static async open(
    directory: string,
    { id, study }: StudyPlan,
    shard: Shard | undefined,
  ): Promise<TableFile> {
    await createDirectory(directory);
    const name = shard ? `shard-${shard.index}-of-${shard.count}.csv` : 'runs.csv';
    const done = new Set<string>();
    for (const file of (await readdir(directory)).filter((entry) => entry.endsWith('.csv'))) {
      const found = readResults(await readText(join(directory, file)));
      const other = [...found.studies].find((studyId) => studyId !== id);
      if (other !== undefined) {
        refuse(
          'invalidConfig',
          `study: ${join(directory, file)} has runs of study ${other}, and this is ${id} (${study.name}). Give another --out.`,
        );
      }
      for (const run of found.done) done.add(run);
      // A row that a crash cut off is dropped; its run is made again.
      if (file === name) await writeText(directory, name, found.whole || resultsHeader());
    }
    const path = join(directory, name);
    if (!(await readIfPresent(path))) await writeText(directory, name, resultsHeader());
    await writeText(directory, 'study.json', `${JSON.stringify(study, undefined, 2)}\n`);
    return new TableFile(path, id, done);
  }

  /** Adds a row; one write of a whole line. */
  async append(planned: PlannedRun, result: StudyRow): Promise<void> {
    await appendFile(this.path, resultsLine(this.#study, planned, result));
  }
}

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode((await readIfPresent(path)) ?? new Uint8Array());
}

function writeText(directory: string, name: string, text: string): Promise<void> {
  return writeFiles(directory, [{ name, bytes: new TextEncoder().encode(text) }]);
}
