// A text read by a run's weights, on the reference loops: against attention and routing computed naively, and refusals.
import { describe, expect, it } from 'vitest';
import { describeMap, readTextInside } from '../../../src/lab/inside/text.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { takeSteps, tinyRun } from '../training/tiny-runs.ts';

describe('describeMap', () => {
  it('is the mean distance over the queries, and what no key gets', () => {
    // Distances 0, 1 and 1.5 of what keys get; the last query leaves 0.6 to a sink.
    const map = [1, 0, 0, 1, 0, 0, 0.2, 0.2, 0];
    const { distance, sinkShare } = describeMap(map, 3);
    expect(distance).toBeCloseTo((0 + 1 + 1.5) / 3, 9);
    expect(sinkShare).toBeCloseTo(0.2, 9);
    expect(describeMap([1, 0, 0.5, 0.499999], 2).sinkShare).toBe(0);
  });
});

describe('reading a text', () => {
  it('gives every head of the layer, heads of all layers, losses and names', async () => {
    const run = await tinyRun();
    await takeSteps(run, 3);
    const reading = await readTextInside(cpuEngine(), run, { text: 'a cat sat', layer: 1 });
    expect(reading).toMatchObject({ step: 3, text: 'a cat sa', leftOut: 1, layer: 1, layers: 2, routes: [] });
    expect(reading.tokens).toEqual([...'a␣cat␣sa']);
    expect(reading.losses).toHaveLength(7);
    expect(reading.maps).toHaveLength(2);
    expect(reading.windows).toEqual([undefined, undefined]);
    expect(reading.heads.map(({ layer, head }) => [layer, head])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    for (const { distance, sinkShare } of reading.heads) {
      expect(distance).toBeGreaterThan(0);
      expect(distance).toBeLessThan(3.5); // the mean of (T − 1) / 2 over evenly spread queries is less still
      expect(sinkShare).toBe(0);
    }
    expect(reading.heads[3]?.distance).toBeCloseTo(describeMap(reading.maps[1] ?? [], 8).distance, 9);
  });

  it('takes held-out text when none is given', async () => {
    const run = await tinyRun();
    const { text, leftOut, tokens } = await readTextInside(cpuEngine(), run, { text: '', layer: 0 });
    expect([tokens.length, leftOut]).toEqual([8, 0]);
    expect(run.corpus.tokenizer.decode(run.dataset.validation)).toContain(text);
  });

  it('reads one token, which has no loss', async () => {
    const { maps, losses } = await readTextInside(cpuEngine(), await tinyRun(), { text: 'a', layer: 0 });
    expect([[...(maps[0] ?? [])], losses]).toEqual([[1], []]);
  });

  it.each([
    [{ text: '☃', layer: 0 }, /☃/],
    [{ text: 'a', layer: 2 }, /no layer 2 of 2/],
    [{ text: 'a', layer: 0.5 }, /no layer 0.5 of 2/],
  ])('refuses %o', async (request, message) => {
    const reading = readTextInside(cpuEngine(), await tinyRun(), request);
    await expect(reading).rejects.toMatchObject({ problem: { kind: 'invalidRequest' } });
    await expect(reading).rejects.toThrow(message);
  });
});

describe('reading with another attention', () => {
  const text = 'a cat sa';

  it('sees no further than a local layer does', async () => {
    const run = await tinyRun({ model: { windowPattern: 'LG', window: 3 } });
    const [local, global] = [
      await readTextInside(cpuEngine(), run, { text, layer: 0 }),
      await readTextInside(cpuEngine(), run, { text, layer: 1 }),
    ];
    expect(local.windows).toEqual([3, undefined]);
    const seen = (map: Float32Array | undefined) => [...(map ?? [])].filter((p) => p > 0).length;
    expect(local.maps.map(seen)).toEqual([1 + 2 + 6 * 3, 1 + 2 + 6 * 3]);
    expect(global.maps.map(seen)).toEqual([36, 36]);
    expect(local.heads.every(({ layer, distance }) => layer === 1 || distance < 2)).toBe(true);
  });

  it('says what a sink takes', async () => {
    const run = await tinyRun({ model: { attentionSinks: true } });
    const { heads, maps } = await readTextInside(cpuEngine(), run, { text, layer: 0 });
    for (const { sinkShare } of heads) {
      expect(sinkShare).toBeGreaterThan(0.05);
      expect(sinkShare).toBeLessThan(0.6);
    }
    // The first token has itself and the sink.
    expect(maps[0]?.[0]).toBeLessThan(0.95);
  });

  it('reads heads of latent attention', async () => {
    const latent = { attention: 'latent', latentSize: 8, ropeHeadSize: 4, headSize: 8, position: 'rope' };
    const run = await tinyRun({ model: latent });
    const { maps, heads } = await readTextInside(cpuEngine(), run, { text, layer: 1 });
    expect([maps.length, heads.length]).toEqual([2, 4]);
    const row = [...(maps[1] ?? []).slice(7 * 8, 8 * 8)];
    expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  });
});
