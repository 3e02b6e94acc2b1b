// The rate that processors are predicted by.
import { expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { measureTrainingRate } from '../../../src/lab/training/measured-rate.ts';
import { tinyRun } from './tiny-runs.ts';

it('predicts a run on the reference loops within a factor that a busy machine leaves', async () => {
  const engine = cpuEngine();
  engine.trainingFlopsPerSecond = await measureTrainingRate(engine);
  const { prediction, trainer } = await tinyRun(
    { model: { width: 48, layers: 2 }, train: { batch: 4 } },
    engine,
  );
  expect(prediction.totalSeconds).toBeGreaterThan(prediction.secondsPerStep ?? Number.POSITIVE_INFINITY);
  const seconds: number[] = [];
  for (let step = 0; step < 5; step++) {
    const begin = performance.now();
    await (await trainer.submitStep()).record;
    seconds.push((performance.now() - begin) / 1000);
  }
  // Both from the quickest of a few in one process: what a slow or shared machine takes, it takes of both.
  expect((prediction.secondsPerStep ?? 0) / Math.min(...seconds)).toBeGreaterThan(0.1);
  expect((prediction.secondsPerStep ?? 0) / Math.min(...seconds)).toBeLessThan(10);
});
