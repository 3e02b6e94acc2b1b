// Forced decoding: beside an exact cache it gives the losses of the whole rows, beside a rounded one such that are close.
import { expect, it } from 'vitest';
import { inspectModel } from '../../../src/lab/inside/inspection.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { freshWeights } from '../../../src/lab/plans/open-model.ts';
import { storedArrays } from '../../../src/lab/plans/parameter-io.ts';
import { ForcedDecoding, type ForcedShape, scoreLogits } from '../../../src/lab/sampling/forced-decoding.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';
import { batchModels } from './batch-models.ts';

const rows = [
  [5, 3, 9, 1, 1, 7],
  [2, 0, 4],
];

it.each(Object.entries(batchModels))('of a model with %s gives its losses', async (_, model) => {
  const { model: config } = tinyExperiment({ model: { ...model, vocabulary: 20 } });
  const files = { model: config, weights: storedArrays(freshWeights(config, 3)) };
  const lossOf = async (shape: Partial<ForcedShape>) => {
    const decoding = await ForcedDecoding.open(cpuEngine(), files, { batch: 2, time: 5, ...shape });
    const losses = [0, 0];
    await decoding.decode(
      rows.map((row) => row.slice(0, -1)),
      (logits, row, position) => {
        expect(logits).toHaveLength(20);
        losses[row] += scoreLogits(logits, rows[row]?.[position + 1] ?? 0).loss;
      },
    );
    expect(decoding.cacheBytes).toBeGreaterThan(0);
    decoding.dispose();
    return losses;
  };
  const [exact, rounded] = [await lossOf({}), await lossOf({ cache: 'int8' })];
  for (const [index, row] of rows.entries()) {
    const time = row.length - 1;
    const tokens = { inputs: Uint32Array.from(row.slice(0, -1)), targets: Uint32Array.from(row.slice(1)) };
    const whole = await inspectModel(
      cpuEngine(),
      files,
      { batch: 1, time, targetCount: time, ...tokens },
      {},
    );
    expect(exact[index]).toBeCloseTo(whole.loss * time, 4);
    expect(rounded[index]).not.toBe(exact[index]);
    expect(Math.abs((rounded[index] ?? 0) - (exact[index] ?? 0))).toBeLessThan(0.02 * time);
  }
});

it('scores logits by their softmax', () => {
  const { loss, choice } = scoreLogits(Float32Array.of(1, 3, 3, -50), 0);
  expect(choice).toBe(1);
  expect(loss).toBeCloseTo(Math.log(1 + 2 * Math.exp(2)), 6);
});
