// Tests of scripts for other machines.
import { expect, test } from 'vitest';
import { emitStudy } from '../../../src/lab/studies/emit.ts';

const request = { name: 'My Study!', study: "it's.json", out: 'out', shards: 3, predictedSeconds: 36_000 };

test('a task list has a line a shard, names quoted for the shell', () => {
  const lines = emitStudy('parallel', request).trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).toBe("npx flopscope study 'it'\\''s.json' --out out --shard 3/3 --json");
});

test('a Slurm array has twice the predicted time of a shard', () => {
  const script = emitStudy('slurm', request);
  expect(script).toMatch(/^#!\/bin\/bash\n#SBATCH --job-name=flopscope-my-study\n#SBATCH --array=1-3\n/);
  expect(script).toContain('#SBATCH --time=06:40:00');
  expect(script).toMatch(/--shard "\$\{SLURM_ARRAY_TASK_ID\}\/3"/);
});

test('a Kubernetes Job is indexed, and no name becomes a command', () => {
  const yaml = emitStudy('kubernetes', request);
  expect(yaml).toContain('completionMode: Indexed\n  completions: 3');
  expect(yaml).toContain('name: flopscope-my-study\n');
  expect(yaml).toMatch(/command: \["\/bin\/sh", "-c", ".*\$1.*", "study", "it's.json", "out"\]/);
});
