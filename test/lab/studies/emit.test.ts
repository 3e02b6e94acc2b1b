// Tests of scripts for other machines.
import { expect, test } from 'vitest';
import { emitStudy } from '../../../src/lab/studies/emit.ts';

const request = {
  name: 'My Study!',
  study: "it's.json",
  out: 'out',
  shards: 3,
  options: ['--data', 'my text.txt'],
  predictedSeconds: 36_000,
};

/** Fields of a manifest as their paths, an item of a list as its list. */
function pathsOf(yaml: string): string[] {
  const open: { readonly indent: number; readonly path: string }[] = [];
  return yaml.split('\n').flatMap((line) => {
    const [, blanks = '', dash = '', key] = line.match(/^( *)(- )?([A-Za-z]+):/) ?? [];
    if (key === undefined) return [];
    const indent = blanks.length + dash.length;
    while (open.length > 0 && open[open.length - 1].indent >= indent) open.pop();
    const path = [open.at(-1)?.path, key].filter(Boolean).join('.');
    open.push({ indent, path });
    return [path];
  });
}

test('a task list has a line a shard, names quoted for the shell', () => {
  const lines = emitStudy('parallel', request).trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).toBe(
    "npx flopscope study 'it'\\''s.json' --out out --shard 3/3 --data 'my text.txt' --json",
  );
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
  expect(yaml).toMatch(
    /command: \["\/bin\/sh", "-c", ".*\$@.*", "study", "it's.json", "--out", "\/results\/out", "--data", "my text.txt"\]/,
  );
});

test('a Kubernetes Job has the fields that the schema of batch/v1 has, at their places, and those that it requires', () => {
  // Facts of the schema of batch/v1 Job, Kubernetes 1.28 to 1.35, by which the manifest was validated strictly.
  const inSpec = ['completionMode', 'completions', 'parallelism', 'backoffLimitPerIndex', 'maxFailedIndexes'];
  const inContainer = ['name', 'image', 'command', 'resources', 'volumeMounts'];
  const pod = 'spec.template.spec';
  const container = `${pod}.containers`;
  expect(pathsOf(emitStudy('kubernetes', request)).sort()).toEqual(
    [
      ...['apiVersion', 'kind', 'metadata', 'metadata.name', 'spec'],
      ...inSpec.map((field) => `spec.${field}`),
      ...['spec.template', pod, `${pod}.restartPolicy`, container, `${pod}.volumes`],
      ...inContainer.map((field) => `${container}.${field}`),
      ...['requests', 'requests.cpu', 'requests.memory'].map((field) => `${container}.resources.${field}`),
      ...['name', 'mountPath'].map((field) => `${container}.volumeMounts.${field}`),
      ...['name', 'persistentVolumeClaim', 'persistentVolumeClaim.claimName'].map(
        (field) => `${pod}.volumes.${field}`,
      ),
    ].sort(),
  );
});
