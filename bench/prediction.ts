// Calibrates this device, then trains presets for a few steps: predicted against measured seconds and bytes.
import { calibrateDevice } from '../src/lab/cost/calibration.ts';
import { gpuEngine } from '../src/lab/plans/engine.ts';
import { median } from '../src/lab/training/median.ts';
import { prepareRun } from '../src/lab/training/run.ts';
import { parseExperiment } from '../src/model/config.ts';
import { findPreset } from '../src/model/presets/catalogue.ts';
import { predictPlan } from '../src/plan/predict.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { GpuRuntime } from '../src/runtime/gpu-runtime.ts';
import { exampleScalars } from '../src/runtime/kernel-probe.ts';
import { profilePlan } from '../src/runtime/profile.ts';

const steps = 12;
const warmUp = 4;

/** Prints one line a preset; with `byKernel` also where prediction and measurement part. */
export async function benchPrediction(open: OpenDevice, presetIds: readonly string[], byKernel: boolean) {
  const start = performance.now();
  const profile = await calibrateDevice(gpuEngine(open), 'bench');
  console.log(`calibrated in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  console.log('preset            predicted ms   measured ms   ratio   bytes predicted / allocated');
  for (const id of presetIds) {
    const parsed = parseExperiment(findPreset(id)?.experiment);
    if (parsed.kind !== 'ok') throw new Error(`bench: preset ${id}: ${parsed.problems[0]?.message}`);
    const run = await prepareRun(gpuEngine(open, profile), parsed.experiment, { withSampler: false });
    const times: number[] = [];
    let before: Promise<{ readonly stepSeconds: number }> | undefined;
    for (let step = 0; step < steps; step++) {
      const { record } = await run.trainer.submitStep();
      if (before) times.push((await before).stepSeconds);
      before = record;
    }
    const measured = median(times.slice(warmUp));
    const predicted = run.prediction.secondsPerStep ?? Number.NaN;
    console.log(
      `${id.padEnd(16)}${(1000 * predicted).toFixed(1).padStart(14)}${(1000 * measured).toFixed(1).padStart(14)}` +
        `${(predicted / measured).toFixed(2).padStart(8)}   ${run.prediction.memoryBytes.total} / ${run.runtime.allocatedBytes}`,
    );
    if (byKernel && run.runtime instanceof GpuRuntime) {
      const rows = new Map<string, { count: number; measured: number; predicted: number }>();
      for (const plan of [run.plans.accumulate, run.plans.update]) {
        const timed = await profilePlan(run.runtime, plan, { ...exampleScalars, learningRate: 0 });
        const expected = predictPlan(plan, profile).dispatches;
        plan.dispatches.forEach(({ kernel }, index) => {
          const row = rows.get(kernel.name) ?? { count: 0, measured: 0, predicted: 0 };
          row.count++;
          row.measured += timed.dispatches[index]?.value ?? 0;
          row.predicted += expected[index]?.seconds ?? 0;
          rows.set(kernel.name, row);
        });
      }
      for (const [name, row] of [...rows].sort((a, b) => b[1].measured - a[1].measured)) {
        const numbers = [row.predicted, row.measured].map((seconds) =>
          (1000 * seconds).toFixed(2).padStart(10),
        );
        console.log(`  ${name.padEnd(36)}×${String(row.count).padEnd(4)}${numbers.join('')}`);
      }
    }
    run.runtime.dispose();
  }
}
