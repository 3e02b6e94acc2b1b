// Losses by position: the evaluation of the run, split up, and nothing of the run changed.
import { describe, expect, it } from 'vitest';
import { readPositionLosses } from '../../../src/lab/inside/positions.ts';
import { stateOf, takeLosses, takeSteps, tinyRun } from '../training/tiny-runs.ts';

describe('losses by position', () => {
  it('average to the loss of the evaluation', async () => {
    const run = await tinyRun();
    await takeSteps(run, 5);
    const { step, windows, loss, means, errors } = await readPositionLosses(run);
    expect([step, windows, means.length, errors.length]).toEqual([5, 8, 8, 8]);
    const mean = means.reduce<number>((sum, value) => sum + (value ?? 0), 0) / means.length;
    expect(mean).toBeCloseTo(loss, 6);
    expect(loss).toBeCloseTo(await run.trainer.evaluate(run.evaluation), 5);
    // Windows differ: every mean but a lucky one has an error, and none is as large as the mean.
    expect(errors.every((error, position) => error > 0 && error < (means[position] ?? 0))).toBe(true);
  });

  it('leave the course of training alone', async () => {
    const [looked, other] = [await tinyRun(), await tinyRun()];
    await takeSteps(looked, 2);
    await takeSteps(other, 2);
    await readPositionLosses(looked);
    expect(await takeLosses(looked, 3)).toEqual(await takeLosses(other, 3));
    expect(await stateOf(looked)).toEqual(await stateOf(other));
  });

  it('know of positions that do not count, and take batches where the run evaluates on none', async () => {
    const run = await tinyRun({ train: { lossPositions: 'last', evaluationBatches: 1 } });
    const { means, loss, windows } = await readPositionLosses({ ...run, evaluation: [] });
    expect(windows).toBe(16);
    expect(means.slice(0, -1).every((mean) => mean === undefined)).toBe(true);
    expect(means.at(-1)).toBeCloseTo(loss, 6);
  });

  it('are means over the answers that stand there, where a run learns from answers alone', async () => {
    const run = await tinyRun({
      model: { context: 24 },
      train: { lossPositions: 'answers' },
      data: { source: 'instructions' },
    });
    await takeSteps(run, 3);
    const { loss, means } = await readPositionLosses(run);
    expect(loss).toBeCloseTo(await run.trainer.evaluate(run.evaluation), 5);
    expect(means.every((mean) => mean === undefined || mean > 1)).toBe(true);
  });
});
