// What Table 1 leaves out, by name: each difference is the number of operations that its name says.
import { describe, expect, it } from 'vitest';
import { splitDispatch } from '../../../src/lab/cost/terms-split.ts';
import { costOf } from '../../../src/plan/predict.ts';
import { near } from '../../near.ts';
import { partOf, record, rowOf, tableOf } from './terms-grid.ts';

describe('named differences', () => {
  it('are the cap of scores, three operations a pair forward and three backward, and the sinks', () => {
    const recorded = record('normed heads, a cap on scores and sinks');
    const { model, train } = recorded.experiment;
    const { layers, heads, context: time } = model;
    const rows = layers * train.batch * train.accumulation * heads * time;
    const { differences } = rowOf(tableOf(recorded, 'training'), 'attention');
    expect(partOf(differences, 'score cap')).toEqual(near((6 * rows * (time + 1)) / 2));
    // Four a row each way, and the sum of samples.
    const summed = layers * train.batch * train.accumulation * heads;
    const accumulated = layers * heads * (train.accumulation - 1);
    expect(partOf(differences, 'attention sinks')).toBe(8 * rows + summed);
    expect(partOf(differences, 'sums of gradients')).toBe(accumulated);
  });

  it('are the logits that prefill leaves out', () => {
    const recorded = record('GPT-2');
    const { context, width, vocabulary } = recorded.experiment.model;
    const row = rowOf(tableOf(recorded, 'prefill'), 'head');
    expect(row.forwardFlops).toBe(2 * context * width * vocabulary);
    expect(row.differences).toMatchObject([
      { name: 'fewer logits', flops: -2 * (context - 1) * width * vocabulary },
    ]);
  });

  it('are the sums of slices where the device is wide, and none where it is narrow', () => {
    const slicesIn = (name: string) =>
      partOf(tableOf(record(name), 'training').total.differences, 'sums of slices');
    expect(slicesIn('long sums, cut into slices')).toBeGreaterThan(0);
    expect(slicesIn('long sums on a software GPU')).toBe(0);
  });

  it('are biases of one addition per value, and as many in their gradients', () => {
    const recorded = record('GPT-2');
    const { layers, width, hidden, context } = recorded.experiment.model;
    const tokens = recorded.experiment.train.batch * context;
    const { total } = tableOf(recorded, 'training');
    const values = layers * (3 * width + width + hidden + width);
    expect(partOf(total.differences, 'bias')).toBe(2 * tokens * values);
    expect(partOf(total.differences, 'residual')).toBe(2 * tokens * layers * width);
  });

  it('are the recomputation of a checkpointed block', () => {
    const { plans } = record('GPT-2');
    const [dispatch] = plans.accumulate.dispatches.filter(({ term }) => term === 'qkv');
    if (!dispatch) throw new Error('no dispatch of qkv');
    const { usefulFlops } = costOf(dispatch);
    const { counted, differences } = splitDispatch({ ...dispatch, isRecomputed: true }, {}, new Set());
    expect([counted, [...differences]]).toEqual([0, [['recomputation', usefulFlops]]]);
  });
});
