// Records the nano preset for the page's first paint: a whole run with predictions, samples and its kernel table.
import { writeFileSync } from 'node:fs';
import { calibrateDevice } from '../src/lab/calibration.ts';
import { gpuEngine } from '../src/lab/engine.ts';
import { measuredTable } from '../src/lab/kernel-table.ts';
import { prepareRun } from '../src/lab/run.ts';
import { RunLoop } from '../src/lab/run-loop.ts';
import { parseExperiment } from '../src/model/config.ts';
import { findPreset } from '../src/model/presets.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import type { RecordedRun } from '../src/ui/recorded-run.ts';
import type { LabEvent, StepRecord } from '../src/worker/api.ts';

const presetId = 'nano';
const keptSteps = 500;

/** Trains the preset to its end and writes public/recorded-run.json under the given root. */
export async function recordRun(open: OpenDevice, file: string): Promise<void> {
  const parsed = parseExperiment(findPreset(presetId)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  const engine = gpuEngine(open, await calibrateDevice(open, `node ${process.versions.node}`));
  const run = await prepareRun(engine, parsed.experiment, { withSampler: true });
  const steps: StepRecord[] = [];
  const others: LabEvent[] = [];
  const loop = new RunLoop(run, {
    emit: (event) => {
      if (event.kind === 'steps') steps.push(...event.steps);
      else others.push(event);
      if (event.kind === 'evaluation')
        console.log(`step ${event.step}: validation loss ${event.loss.toFixed(4)}`);
    },
  });
  loop.start();
  await loop.settled();
  const stepSeconds = [...steps].map((step) => step.stepSeconds).sort((a, b) => a - b)[steps.length >> 1];
  const kernelTable = await loop.exclusive(() => measuredTable(engine, run, stepSeconds));
  const { tokensPerSecond } = run.prediction;
  const recorded: RecordedRun = {
    version: 1,
    presetId,
    device: `${open.facts.description || open.facts.vendor} (Node ${process.versions.node}, Dawn)`,
    isSoftware: open.facts.isSoftware,
    recordedAt: new Date().toISOString(),
    note: 'npm run bench -- record',
    totalSteps: parsed.experiment.train.steps,
    steps: thin(steps),
    evaluations: others.flatMap((event) => (event.kind === 'evaluation' ? [withoutKind(event)] : [])),
    samples: others.flatMap((event) =>
      event.kind === 'sample' ? [{ step: event.step, text: event.text }] : [],
    ),
    floors: run.floors,
    ...(tokensPerSecond === undefined ? {} : { predictedTokensPerSecond: tokensPerSecond }),
    kernelTable,
  };
  writeFileSync(file, `${JSON.stringify(recorded, (_, value) => shorten(value))}\n`);
  run.runtime.dispose();
}

/** Every n-th step, the first and the last always. */
function thin(steps: readonly StepRecord[]): StepRecord[] {
  const every = Math.ceil(steps.length / keptSteps);
  return steps.filter((_, index) => index % every === 0 || index === steps.length - 1).map(withoutFlag);
}

function withoutFlag(step: StepRecord): StepRecord {
  const { tokens, loss, learningRate, gradientNorm, stepSeconds, tokensPerSecond, flops, seconds } = step;
  return {
    step: step.step,
    tokens,
    loss,
    learningRate,
    gradientNorm,
    stepSeconds,
    tokensPerSecond,
    flops,
    seconds,
  };
}

function withoutKind({ step, tokens, flops, seconds, loss }: Extract<LabEvent, { kind: 'evaluation' }>) {
  return { step, tokens, flops, seconds, loss };
}

/** Six digits are more than any chart shows. */
function shorten(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
