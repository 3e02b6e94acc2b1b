// Training steps with the variants that calibration found quicker, beside those of the built-in order, in turns.
import { calibrateDevice } from '../src/lab/cost/calibration.ts';
import { tuningOf } from '../src/lab/cost/calibration-report.ts';
import { type Engine, gpuEngine } from '../src/lab/plans/engine.ts';
import { median } from '../src/lab/training/median.ts';
import { prepareRun, type Run } from '../src/lab/training/run.ts';
import { parseExperiment } from '../src/model/config.ts';
import { findPreset } from '../src/model/presets/catalogue.ts';
import type { OpenDevice } from '../src/runtime/device.ts';

const rounds = 15;

/** Prints the medians of a step and their ratio, for each preset. */
export async function benchTuning(open: OpenDevice, presetIds: readonly string[]): Promise<void> {
  const start = performance.now();
  const profile = await calibrateDevice(open, 'bench');
  const { choices, presets } = tuningOf(profile, open.capabilities);
  const seconds = (performance.now() - start) / 1000;
  console.log(`calibrated in ${seconds.toFixed(1)} s; ${profile.variants?.length ?? 0} other variants timed`);
  for (const { title, gain } of presets)
    console.log(`  expected of ${title}: ${gain.toFixed(2)} times as fast`);
  for (const { builtIn, taken, gain } of choices)
    console.log(`  ${taken} for ${builtIn}: ${gain.toFixed(2)} times as fast`);
  console.log('preset            built-in ms    tuned ms   built-in / tuned');
  for (const id of presetIds) {
    const engines: readonly Engine[] = [
      { ...gpuEngine(open, profile), variants: undefined },
      gpuEngine(open, profile),
    ];
    const [builtIn = Number.NaN, tuned = Number.NaN] = await stepsInTurns(engines, id);
    console.log(
      `${id.padEnd(16)}${(1000 * builtIn).toFixed(1).padStart(13)}${(1000 * tuned).toFixed(1).padStart(12)}${(builtIn / tuned).toFixed(2).padStart(19)}`,
    );
  }
}

/** Median seconds of a step by each engine; runs take a step each, in turns. */
async function stepsInTurns(engines: readonly Engine[], id: string): Promise<number[]> {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(`bench: preset ${id}: ${parsed.problems[0]?.message}`);
  const runs: Run[] = [];
  for (const engine of engines)
    runs.push(await prepareRun(engine, parsed.experiment, { withSampler: false }));
  const times = runs.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { trainer }] of runs.entries()) {
      const begin = performance.now();
      await (await trainer.submitStep()).record;
      if (round > 2) times[index]?.push((performance.now() - begin) / 1000);
    }
  }
  for (const { runtime } of runs) runtime.dispose();
  return times.map(median);
}
