// Runs the command line in a test: inside this process with its streams caught, or as its users do.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { gpuChanges, tinyExperiment as tinyLabExperiment } from '../lab/training/tiny-runs.ts';

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process; relative paths count from `folder`. */
export async function runMain(args: readonly string[], folder = process.cwd()): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  const caught = [
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      stdout += String(chunk);
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      stderr += String(chunk);
      return true;
    }),
  ];
  const before = { ...process.env };
  Object.assign(process.env, calledFrom(folder));
  try {
    return { code: await main(args), stdout, stderr };
  } finally {
    // Key by key: a plain object in its place would be the environment of no native code, and take numbers as such.
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    for (const spy of caught) spy.mockRestore();
  }
}

/** What npm says to a script of this package that was called from a folder. */
function calledFrom(folder: string): Readonly<Record<string, string>> {
  return {
    INIT_CWD: folder,
    npm_package_name: 'flopscope',
    npm_package_json: join(process.cwd(), 'package.json'),
  };
}

/** A command that runs in a process of its own. */
export interface SpawnOptions {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What stands on its stdin, which is empty otherwise. */
  readonly stdin?: string;
  /** Sees stdout as it grows; may interrupt the command. */
  readonly onStdout?: (stdout: string, interrupt: () => void) => void;
}

/** Runs bin/flopscope.js as a user does. */
export function spawnCommand(args: readonly string[], options: SpawnOptions = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, ['bin/flopscope.js', ...args], {
    env: { ...process.env, ...calledFrom(options.folder ?? process.cwd()), ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(options.stdin ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    options.onStdout?.(stdout, () => child.kill('SIGINT'));
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** Every line of a command's JSON. */
export function jsonLines({ stdout }: Pick<CommandResult, 'stdout'>): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Writes a value as a JSON file and gives its path. */
export function writeJson(folder: string, name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

/** The same on a GPU, in the sizes of a model that other tests train there: a driver has compiled its kernels already. */
export const gpuExperiment = tinyLabExperiment({
  model: { ...gpuChanges.gpt2.model, layers: 1 },
  train: { steps: 8, evaluationInterval: 4, evaluationBatches: 1 },
});

/** A run of a second on the reference loops. */
export const tinyExperiment = {
  model: {
    layers: 1,
    width: 16,
    heads: 2,
    context: 16,
    norm: 'layerNorm',
    position: 'learned',
    dropout: 0.1,
  },
  train: {
    steps: 8,
    batch: 2,
    optimizer: { learningRate: 3e-3 },
    schedule: { kind: 'cosine', warmupSteps: 2, minimumLearningRate: 3e-4 },
    evaluationInterval: 4,
    evaluationBatches: 1,
    sampleInterval: 0,
  },
  data: { source: 'arithmetic', characters: 3000 },
} as const;
