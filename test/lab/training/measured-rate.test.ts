// The rate that processors are predicted by.
import { expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { measureTrainingRate } from '../../../src/lab/training/measured-rate.ts';
import { tinyRun } from './tiny-runs.ts';

it('predicts the seconds of a run on the reference loops within a factor', async () => {
  const predictedOverTaken = async () => {
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
    return (prediction.secondsPerStep ?? 0) / Math.min(...seconds);
  };
  // Tried again where the machine did something else during one of the two.
  await expect.poll(async () => Math.abs(Math.log10(await predictedOverTaken()))).toBeLessThan(1);
});
