// Training steps with the variants that calibration found quicker, beside those of the built-in order, in turns.
import { calibrateDevice } from '../src/lab/cost/calibration.ts';
import { tuningOf } from '../src/lab/cost/calibration-report.ts';
import { type Engine, gpuEngine } from '../src/lab/plans/engine.ts';
import { prepareRun } from '../src/lab/training/run.ts';
import { parseExperiment } from '../src/model/config.ts';
import { findPreset } from '../src/model/presets/catalogue.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { type Comparison, timeInTurns } from '../src/runtime/timing/in-turns.ts';

const [warmUp, rounds] = [2, 24];

/** Prints, for each preset, the medians of a step, the median of the ratios of steps beside each other, and half their quartiles' distance. */
export async function benchTuning(open: OpenDevice, presetIds: readonly string[]): Promise<void> {
  const start = performance.now();
  const profile = await calibrateDevice(gpuEngine(open), 'bench');
  const { choices, presets } = tuningOf(profile, open.capabilities);
  const seconds = (performance.now() - start) / 1000;
  console.log(`calibrated in ${seconds.toFixed(1)} s; ${profile.variants?.length ?? 0} other variants timed`);
  for (const { title, gain } of presets)
    console.log(`  expected of ${title}: ${gain.toFixed(2)} times as fast`);
  for (const { builtIn, taken, gain } of choices)
    console.log(`  ${taken} for ${builtIn}: ${gain.toFixed(2)} times as fast`);
  console.log('preset            built-in ms    tuned ms   built-in / tuned');
  for (const id of presetIds) {
    const engines: readonly [Engine, Engine] = [
      { ...gpuEngine(open, profile), variants: undefined },
      gpuEngine(open, profile),
    ];
    const { seconds, gain } = await stepsInTurns(engines, id);
    const [before, after] = seconds.map((value) => (1000 * value).toFixed(1));
    const spread = (100 * gain.spread).toFixed(0);
    console.log(
      `${id.padEnd(16)}${before?.padStart(13)}${after?.padStart(12)}${gain.value.toFixed(2).padStart(14)} ± ${spread} %`,
    );
  }
}

/** Steps of a run by each of two engines, in turns. */
async function stepsInTurns(engines: readonly [Engine, Engine], id: string): Promise<Comparison> {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(`bench: preset ${id}: ${parsed.problems[0]?.message}`);
  const [first, second] = engines;
  const runs = await Promise.all(
    [first, second].map((engine) => prepareRun(engine, parsed.experiment, { withSampler: false })),
  );
  const [before, after] = runs.map(({ trainer }) => async () => {
    const begin = performance.now();
    await (await trainer.submitStep()).record;
    return (performance.now() - begin) / 1000;
  });
  if (!before || !after) throw new Error('bench: a run is missing.');
  for (let round = 0; round < warmUp; round++) for (const step of [before, after]) await step();
  const comparison = await timeInTurns(before, after, rounds);
  for (const { runtime } of runs) runtime.dispose();
  return comparison;
}
