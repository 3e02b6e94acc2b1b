// npm run bench [-- matmul | moe | prediction [PRESET…] [--by-kernel] | decode | decode-attention | quantised |
// processor [steps] [products] [decoding] [kernels] [mixture] | tuning [PRESET…] | peers |
// record [run] [validation] [serving]]: figures, no pass or failure.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { OpenDevice } from '../src/runtime/device.ts';
import { benchDecode } from './decode.ts';
import { benchDecodeAttention } from './decode-attention.ts';
import { openBenchDevice } from './device.ts';
import { benchMatmul } from './matmul.ts';
import { benchMoe } from './moe.ts';
import { benchPrediction } from './prediction.ts';
import { benchProcessor, processorTables } from './processor/main.ts';
import { benchQuantised } from './quantised.ts';
import { recordRun } from './record.ts';
import { recordServing } from './record-serving.ts';
import { recordValidation } from './record-validation.ts';
import { calibrateBench } from './recordings.ts';
import { benchTuning } from './tuning.ts';

/** What ships with the page: a run with what is inside it, a grid of unseen models, batches served. */
const recordings = ['run', 'validation', 'serving'] as const;

const defaultPresets = ['nano', 'nano-gpt-cpu', 'small-llama'];

/** Runs the named benches, or all of them. Returns the exit code. */
export async function main(argv: string[]): Promise<number> {
  const byKernel = argv.includes('--by-kernel');
  const words = argv.filter((word) => !word.startsWith('--'));
  const [name, ...rest] = words;
  const known = [
    'matmul',
    'moe',
    'prediction',
    'decode',
    'decode-attention',
    'quantised',
    'processor',
    'tuning',
    'peers',
    'record',
  ];
  if (name !== undefined && !known.includes(name)) {
    console.error(`bench: there is no bench named ${name}. Use ${known.join(', ')} or nothing for all.`);
    return 1;
  }
  if (argv.includes('--help') || argv.includes('-h')) {
    console.log(
      `npm run bench -- NAME: one of ${known.join(', ')}; without a name nearly all of them, for many minutes.`,
    );
    return 0;
  }
  const parts: readonly string[] | undefined =
    name === 'record' ? recordings : name === 'processor' ? processorTables : undefined;
  const unknown = rest.find((word) => parts && !parts.includes(word));
  if (parts && unknown !== undefined) {
    console.error(`bench: ${name} has no part named ${unknown}. Use ${parts.join(', ')} or nothing for all.`);
    return 1;
  }
  const wants = (bench: string) => name === undefined || name === bench;
  if (name === 'processor') await benchProcessor(rest);
  else if (name !== 'peers') {
    const open = await openBenchDevice();
    console.log(`device: ${open.facts.vendor} ${open.facts.description || open.facts.architecture}`);
    if (wants('matmul')) await benchMatmul(open);
    if (wants('moe')) await benchMoe(open);
    if (wants('prediction')) await benchPrediction(open, rest.length > 0 ? rest : defaultPresets, byKernel);
    if (wants('decode')) await benchDecode(open);
    if (wants('decode-attention')) await benchDecodeAttention(open);
    if (wants('quantised')) await benchQuantised(open);
    if (name === 'tuning') await benchTuning(open, rest.length > 0 ? rest : defaultPresets);
    if (name === 'record') await record(open, rest);
  }
  return wants('peers') ? runPeers(argv.filter((word) => word !== 'peers')) : 0;
}

/** Renews what the rooms show on a first visit: what is named, or all of it. */
async function record(open: OpenDevice, names: readonly string[]): Promise<void> {
  const profile = await calibrateBench(open);
  const wants = (name: (typeof recordings)[number]) => names.length === 0 || names.includes(name);
  if (wants('validation')) await recordValidation(open, profile, fromRoot('public/recorded-validation.json'));
  if (wants('serving')) await recordServing(open, profile, fromRoot('public/recorded-serving.json'));
  if (wants('run'))
    await recordRun(open, profile, {
      run: fromRoot('public/recorded-run.json'),
      inside: fromRoot('public/recorded-inside.json'),
    });
}

/** The competitors run in processes of their own; their host finds its files by its own place. */
function runPeers(options: readonly string[]): number {
  const script = fromRoot('bench/peers/run.js');
  return spawnSync(process.execPath, [script, ...options], { stdio: 'inherit' }).status ?? 1;
}

/** A path of this repository; this file runs from a bundle, so its own place says nothing. */
function fromRoot(path: string): string {
  return join(dirname(process.argv[1] ?? ''), '..', path);
}
