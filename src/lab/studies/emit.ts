// Writes a study for other machines: a Slurm array, a Kubernetes Indexed Job, or a task list for GNU parallel.

/** Whom a study is written for. */
export const emitters = ['slurm', 'kubernetes', 'parallel'] as const;

/** Whom a study is written for. */
export type Emitter = (typeof emitters)[number];

/** What a script needs to know. */
export interface EmitRequest {
  readonly name: string;
  /** Path of the study, or the name of a ready one, as the other machine knows it. */
  readonly study: string;
  readonly out: string;
  readonly shards: number;
  /** Further options that every shard is run with: what decides on the runs must be the same for all. */
  readonly options: readonly string[];
  /** Of all runs on this device; undefined if it is not calibrated. */
  readonly predictedSeconds: number | undefined;
}

/** The text of a script, manifest or list. Shards are independent and idempotent: a task that runs twice skips what is done. */
export function emitStudy(emitter: Emitter, request: EmitRequest): string {
  return { slurm, kubernetes, parallel }[emitter](request);
}

function slurm({ name, study, out, shards, options, predictedSeconds }: EmitRequest): string {
  // Twice what is predicted here, an hour at least: the nodes are other machines.
  const seconds = Math.max(3600, Math.ceil((2 * (predictedSeconds ?? 0)) / shards));
  return `#!/bin/bash
#SBATCH --job-name=${dnsName(name)}
#SBATCH --array=1-${shards}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=${clock(seconds)}
#SBATCH --requeue
#SBATCH --output=slurm-%A_%a.log
# A requeued task goes on where it stopped: runs that are in its table are skipped.
set -euo pipefail
exec npx flopscope study ${quote(study)} --out ${quote(out)} --shard "\${SLURM_ARRAY_TASK_ID}/${shards}" ${words(options)}--json
`;
}

/** Where the volume of a Job is. */
const resultsMount = '/results';

function kubernetes({ name, study, out, shards, options }: EmitRequest): string {
  // What is written elsewhere is lost with its pod.
  const folder = out.startsWith(`${resultsMount}/`) ? out : `${resultsMount}/${out.replace(/^[./]+/, '')}`;
  // Arguments reach the shell as "$@", so that no name is read as a command.
  const script = `exec flopscope study "$@" --shard "$((JOB_COMPLETION_INDEX + 1))/${shards}" --json`;
  const command = ['/bin/sh', '-c', script, 'study', study, '--out', folder, ...options];
  return `apiVersion: batch/v1
kind: Job
metadata:
  name: ${dnsName(name)}
spec:
  completionMode: Indexed
  completions: ${shards}
  parallelism: ${shards}
  backoffLimitPerIndex: 3
  maxFailedIndexes: ${shards}
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: study
          # Any image with Node, a Vulkan driver and flopscope on its path, and with the study at this path.
          image: flopscope:latest
          command: [${command.map((word) => JSON.stringify(word)).join(', ')}]
          resources:
            requests:
              cpu: "2"
              memory: 4Gi
          volumeMounts:
            - name: results
              mountPath: ${resultsMount}
      volumes:
        - name: results
          persistentVolumeClaim:
            claimName: ${dnsName(name)}
`;
}

function parallel({ study, out, shards, options }: EmitRequest): string {
  return Array.from(
    { length: shards },
    (_, index) =>
      `npx flopscope study ${quote(study)} --out ${quote(out)} --shard ${index + 1}/${shards} ${words(options)}--json\n`,
  ).join('');
}

/** Words of a shell, each with a blank after it. */
function words(options: readonly string[]): string {
  return options.map((option) => `${quote(option)} `).join('');
}

/** One word of a shell. */
function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A name as Kubernetes takes it (RFC 1123), which Slurm takes, too. */
function dnsName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `flopscope-${plain || 'study'}`.slice(0, 63).replace(/-+$/, '');
}

function clock(seconds: number): string {
  const pad = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${pad(seconds / 3600)}:${pad((seconds / 60) % 60)}:${pad(seconds % 60)}`;
}
