// The attention matrix of a run's weights: a distribution over the past in every row, and refusals by name.
import { describe, expect, it } from 'vitest';
import { computeAttentionMap, readAttentionFigure } from '../../../src/lab/inside/attention-map.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { weightsOf } from '../../../src/lab/training/run.ts';
import { families, takeSteps, tinyRun } from '../training/tiny-runs.ts';

describe('the attention map', () => {
  it.each(['gpt2', 'llama'] as const)('of %s is causal, and its rows sum to 1', async (family) => {
    const run = await tinyRun({ model: families[family] });
    await takeSteps(run, 3);
    const model = { model: run.experiment.model, weights: await weightsOf(run) };
    const tokens = [1, 2, 3, 4, 5, 6];
    const first = await computeAttentionMap(cpuEngine(), model, { tokens, layer: 0, head: 1 });
    const last = await computeAttentionMap(cpuEngine(), model, { tokens, layer: 1, head: 1 });
    for (const { time, probabilities } of [first, last]) {
      expect(time).toBe(6);
      for (let query = 0; query < time; query++) {
        const row = [...probabilities.subarray(query * time, (query + 1) * time)];
        expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
        expect(row.slice(0, query + 1).every((p) => p > 0)).toBe(true);
        expect(row.slice(query + 1).every((p) => p === 0)).toBe(true);
      }
    }
    expect(last.probabilities).not.toEqual(first.probabilities);
    run.runtime.dispose();
  });

  it.each([
    [{ tokens: [] }, /0 tokens. Give 1 to 8/],
    [{ tokens: new Array<number>(9).fill(0) }, /9 tokens/],
    [{ tokens: [9999] }, /token 9999 is not in the vocabulary/],
    [{ layer: 2 }, /no layer 2 of 2/],
    [{ head: -1 }, /no head -1 of 2/],
  ])('refuses %o', async (changes, message) => {
    const run = await tinyRun();
    const model = { model: run.experiment.model, weights: await weightsOf(run) };
    const request = { tokens: [1], layer: 0, head: 0, ...changes };
    await expect(computeAttentionMap(cpuEngine(), model, request)).rejects.toThrow(message);
    run.runtime.dispose();
  });

  it('is drawn for the open run, with its tokens as they are read', async () => {
    const run = await tinyRun();
    const figure = await readAttentionFigure(cpuEngine(), run, { text: 'a cat', layer: 1, head: 0 });
    if (figure.kind !== 'matrix') throw new Error('the figure is no matrix');
    expect(figure.title).toBe('Attention of layer 2, head 1 at step 0');
    expect(figure.rows).toEqual(['a', '␣', 'c', 'a', 't']);
    expect(figure.values[0]).toEqual([1, 0, 0, 0, 0]);
    const unknown = readAttentionFigure(cpuEngine(), run, { text: '☃', layer: 1, head: 0 });
    await expect(unknown).rejects.toMatchObject({ problem: { kind: 'invalidRequest' } });
    run.runtime.dispose();
  });
});
