// An emitted task list run by GNU parallel: in test:full, where Debian's parallel is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { exampleStudy } from '../../lab/studies/example-study.ts';
import { jsonLines, runMain, writeJson } from '../run-command.ts';

const program = '/usr/bin/parallel';
const isFull = process.env.FLOPSCOPE_FULL === '1';

it.skipIf(!isFull || !existsSync(program))(
  'a study that was emitted for GNU parallel runs there, two shards at once, and its tables are read as one',
  async () => {
    const folder = createFolder();
    const out = join(folder, 'out');
    const study = writeJson(folder, 'study.json', exampleStudy);
    const wanted = ['study', study, '--out', out, '--shard', '1/2', '--runtime', 'cpu'];
    const { stdout, stderr, code } = await runMain([...wanted, '--emit', 'parallel']);
    expect(code, stderr).toBe(0);
    const log = join(folder, 'jobs.log');
    const said = execFileSync(program, ['--jobs', '2', '--joblog', log], {
      input: stdout,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    });
    const ends = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((line) => 'skipped' in line);
    expect(ends.map(({ finished, skipped, failed }) => [finished, skipped, failed])).toEqual([
      [2, 0, 0],
      [2, 0, 0],
    ]);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(readdirSync(out).filter((name) => name.endsWith('.csv'))).toHaveLength(2);
    const again = await runMain(['study', study, '--out', out, '--runtime', 'cpu', '--json']);
    expect(jsonLines(again).at(-1)).toMatchObject({ runs: 4, skipped: 4, finished: 0 });
  },
  300_000,
);
