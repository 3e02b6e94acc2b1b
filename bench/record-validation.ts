// Records a validation for the room's first visit, by the code that the room runs.
import type { RecordedValidation } from '../src/contract/records.ts';
import type { ValidationRow } from '../src/contract/validation.ts';
import { openPace, typicalPlans } from '../src/lab/cost/calibration.ts';
import { validatePredictions } from '../src/lab/cost/validation.ts';
import { validationGrid } from '../src/lab/cost/validation-grid.ts';
import { gpuEngine } from '../src/lab/plans/engine.ts';
import type { DeviceProfile } from '../src/plan/device-profile.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { formatPercent, formatSeconds } from '../src/text/numbers.ts';
import { benchDeviceFacts, withKernelsOf, writeRecording } from './recordings.ts';

/** Every second model of the small grid: both families and all kinds of work, in a minute or two. */
const models = validationGrid('small').filter((_, index) => index % 2 === 1);

/** Trains, evaluates and samples the grid's models, and writes what was predicted and measured. @param file such as public/recorded-validation.json */
export async function recordValidation(open: OpenDevice, known: DeviceProfile, file: string): Promise<void> {
  const plans = models.flatMap(({ experiment }) => typicalPlans(experiment, open));
  const profile = await withKernelsOf(plans, open, known);
  const rows: ValidationRow[] = [];
  const pace = await openPace(gpuEngine(open));
  try {
    const summary = await validatePredictions(gpuEngine(open, profile), models, {
      onRow: (row) => {
        rows.push(row);
        const { name, what, seconds, measuredSeconds } = row;
        console.log(`${name}, ${what}: ${formatSeconds(seconds)}, took ${formatSeconds(measuredSeconds)}`);
      },
      onProgress: () => {},
      paceSeconds: () => pace.seconds(),
    });
    const recording: RecordedValidation = {
      format: 'flopscope-validation',
      version: 1,
      recordedAt: new Date().toISOString(),
      device: benchDeviceFacts(open),
      rows,
    };
    writeRecording(file, recording);
    const { medianError, ninetiethPercentileError, seconds } = summary;
    console.log(
      `validation: median error ${formatPercent(medianError)}, 90th percentile ${formatPercent(ninetiethPercentileError)}, ` +
        `${formatSeconds(seconds)}`,
    );
  } finally {
    pace.dispose();
  }
}
