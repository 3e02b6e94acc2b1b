// An emitted Slurm array on a one-node Slurm that the test starts: in test:full, where Debian's slurm-wlm and munge are installed.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { exampleStudy } from '../../lab/studies/example-study.ts';
import { jsonLines, runMain, writeJson } from '../run-command.ts';

const programs = ['/usr/sbin/munged', '/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/bin/sbatch'];
const isHere = process.getuid?.() === 0 && programs.every((program) => existsSync(program));
const isFull = process.env.FLOPSCOPE_FULL === '1';

const daemons: ChildProcess[] = [];
afterAll(async () => {
  // They write into the folder until they are gone.
  for (const daemon of daemons.reverse()) {
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    if (daemon.exitCode === null && daemon.kill()) await gone;
  }
});

/** Starts the three daemons in a folder. @returns the environment of Slurm's commands */
function startSlurm(folder: string): NodeJS.ProcessEnv {
  const path = (name: string) => join(folder, name);
  mkdirSync(path('state'));
  mkdirSync(path('spool'));
  writeFileSync(path('munge.key'), 'k'.repeat(128), { mode: 0o400 });
  const node = hostname();
  const settings = {
    ClusterName: 'one',
    SlurmctldHost: `${node}(127.0.0.1)`,
    SlurmctldPort: 26817,
    SlurmdPort: 26818,
    SlurmUser: 'root',
    SlurmdUser: 'root',
    AuthType: 'auth/munge',
    AuthInfo: `socket=${path('munge.socket')}`,
    StateSaveLocation: path('state'),
    SlurmdSpoolDir: path('spool'),
    SlurmctldPidFile: path('slurmctld.pid'),
    SlurmdPidFile: path('slurmd.pid'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    SelectType: 'select/cons_tres',
    MpiDefault: 'none',
    ReturnToService: 2,
    NodeName: `${node} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
    PartitionName: 'all Nodes=ALL Default=YES State=UP',
  };
  const text = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(path('slurm.conf'), text.join(''));
  const env = { ...process.env, SLURM_CONF: path('slurm.conf') };
  const files = ['socket', 'pid-file', 'log-file', 'seed-file'].map(
    (name) => `--${name}=${path(`munge.${name.split('-')[0]}`)}`,
  );
  const start = (program: string, args: readonly string[]) =>
    daemons.push(spawn(program, args, { env, stdio: 'ignore' }));
  start('/usr/sbin/munged', ['--foreground', '--force', `--key-file=${path('munge.key')}`, ...files]);
  start('/usr/sbin/slurmctld', ['-D', '-f', path('slurm.conf')]);
  start('/usr/sbin/slurmd', ['-D', '-f', path('slurm.conf')]);
  return env;
}

it.skipIf(!isFull || !isHere)(
  'a study that was emitted for Slurm runs there as an array, and its tables are read as one',
  async () => {
    const folder = createFolder();
    const env = startSlurm(folder);
    const out = join(folder, 'out');
    const study = writeJson(folder, 'study.json', exampleStudy);
    const wanted = ['study', study, '--out', out, '--shard', '1/2', '--runtime', 'cpu'];
    const { stdout, stderr, code } = await runMain([...wanted, '--emit', 'slurm']);
    expect(code, stderr).toBe(0);
    const script = join(folder, 'job.sh');
    writeFileSync(script, stdout.replace('--output=', `--output=${folder}/`));
    await expect
      .poll(() => execFileSync('sinfo', ['-h', '-o', '%t'], { env, encoding: 'utf8' }), { timeout: 60_000 })
      .toMatch(/idle/);
    execFileSync('sbatch', ['--wait', script], { env });
    expect(readdirSync(out).filter((name) => name.endsWith('.csv'))).toHaveLength(2);
    const logs = readdirSync(folder).filter((name) => /^slurm-\d+_\d+\.log$/.test(name));
    const ends = logs.map((name) =>
      JSON.parse(readFileSync(join(folder, name), 'utf8').trim().split('\n').at(-1) ?? ''),
    );
    expect(ends.map(({ finished, skipped }) => [finished, skipped])).toEqual([
      [2, 0],
      [2, 0], // the other shard's runs, which are in the same folder, are none of its own
    ]);
    const again = await runMain(['study', study, '--out', out, '--runtime', 'cpu', '--json']);
    expect(jsonLines(again).at(-1)).toMatchObject({ runs: 4, skipped: 4, finished: 0 });
  },
  300_000,
);
