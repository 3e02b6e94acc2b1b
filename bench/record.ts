// Records the nano preset for the page's first visit: a whole run with predictions, samples and its kernel table, and
// what is seen inside it at its end.
import { writeFileSync } from 'node:fs';
import type { RunRecord } from '../src/contract/records.ts';
import { isUnsteady } from '../src/lab/cost/calibration.ts';
import { measuredTable } from '../src/lab/cost/kernel-table.ts';
import { gpuEngine } from '../src/lab/plans/engine.ts';
import { checkRunRecord } from '../src/lab/records/run-record.ts';
import { RunRecorder } from '../src/lab/records/run-recorder.ts';
import { titleOf } from '../src/lab/records/run-title.ts';
import { prepareRun } from '../src/lab/training/run.ts';
import { RunLoop } from '../src/lab/training/run-loop.ts';
import { parseExperiment } from '../src/model/config.ts';
import { findPreset } from '../src/model/presets/catalogue.ts';
import type { DeviceProfile } from '../src/plan/device-profile.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { recordInside } from './record-inside.ts';
import { benchDeviceFacts, recordingText, writeRecording } from './recordings.ts';

const presetId = 'nano';
/** Steps of the curve: the page fetches it before anything else. */
const keptSteps = 500;

/** Trains the preset to its end and writes two files. @param files such as public/recorded-run.json and -inside.json */
export async function recordRun(
  open: OpenDevice,
  profile: DeviceProfile,
  files: { readonly run: string; readonly inside: string },
): Promise<void> {
  const parsed = parseExperiment(findPreset(presetId)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  // Predictions from a machine that was busy with other things would mislead every visitor: better none.
  const engine = gpuEngine(open, isUnsteady(profile) ? undefined : profile);
  const run = await prepareRun(engine, parsed.experiment, { withSampler: true });
  const recorder = new RunRecorder(run, {
    id: `recorded-${presetId}`,
    title: titleOf(run),
    note: 'Recorded by npm run bench -- record.',
    device: benchDeviceFacts(open),
    presetId,
    profile: engine.profile,
  });
  const loop = new RunLoop(run, {
    emit: (event) => {
      recorder.take(event);
      if (event.kind === 'evaluation')
        console.log(`step ${event.step}: validation loss ${event.loss.toFixed(4)}`);
    },
  });
  loop.start();
  await loop.settled();
  const stepSeconds = recorder.record().timing?.stepSeconds;
  recorder.kernelTable = await loop.exclusive(() => measuredTable(engine, run, stepSeconds));
  const record = { ...recorder.record(), steps: thin(recorder.record().steps) };
  const text = recordingText(record);
  checkRunRecord(JSON.parse(text), files.run);
  writeFileSync(files.run, `${text}\n`);
  writeRecording(files.inside, await loop.exclusive(() => recordInside(engine, run, record)));
  run.runtime.dispose();
}

/** Every n-th step, the first and the last always. */
function thin(steps: RunRecord['steps']): RunRecord['steps'] {
  const every = Math.ceil(steps.length / keptSteps);
  return steps.filter((_, index) => index % every === 0 || index === steps.length - 1);
}
