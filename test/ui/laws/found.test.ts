// Tests of what a search shows: which runs allow one, the scatter, the table and the words.
import { describe, expect, it } from 'vitest';
import type { FoundShape, FoundShapes } from '../../../src/contract/search.ts';
import { areShaped, describeFound, foundSeries, foundTable, nameOf } from '../../../src/ui/laws/found.ts';

const shape: FoundShape = {
  ...{ experiment: { model: {}, train: {}, data: {} }, width: 16, hidden: 64, layers: 3, heads: 4 },
  ...{ keyValueHeads: 4, parameters: 3000, ratio: 0.2, mlpToAttention: 2, predictedLoss: 2 },
  ...{ predictedTokensPerSecond: 100, measuredTokensPerSecond: undefined, loss: undefined },
  ...{ isOnFront: false, isGrouped: false },
};
const found: FoundShapes = {
  shapes: [
    shape,
    { ...shape, width: 20, predictedLoss: 1.9, isOnFront: true },
    { ...shape, width: 12, predictedTokensPerSecond: 150, isOnFront: true },
  ],
  ...{ panda: 1, surefire: 2, lossLimit: 2, isMeasured: false, trained: 0, spearman: undefined },
  ...{ gain: 0.5, warnings: [] },
};

describe('what a search found', () => {
  it('needs runs that differ in both ratios', () => {
    const run = { parameters: 1e4, tokens: 1e6, loss: 2, ratio: 0.1, mlpToAttention: 2 };
    expect(areShaped([run, { ...run, ratio: 0.2 }])).toBe(false);
    expect(areShaped([run, { ...run, ratio: 0.2, mlpToAttention: 4 }])).toBe(true);
    const wide = { parameters: 1e4, tokens: 1e6, loss: 2 };
    expect(
      areShaped([
        { ...wide, width: 10, mlpToAttention: 1 },
        { ...wide, width: 20, mlpToAttention: 2 },
      ]),
    ).toBe(true);
    expect(areShaped([wide, wide])).toBe(false);
  });

  it('is drawn with its front, the named apart, and only where a speed is known', () => {
    const series = foundSeries(found);
    expect(series.map(({ id }) => id)).toEqual(['front', 'predicted', 'named']);
    expect(series[0].points.map(({ id }) => id)).toEqual(['1', '2']);
    expect(series[2].points.map(({ label }) => label)).toEqual(['Panda', 'Surefire', 'baseline']);
    const measured = foundSeries({ ...found, isMeasured: true });
    expect(measured).toEqual([]);
    const grouped = { ...shape, isGrouped: true, keyValueHeads: 2, loss: 1.95 };
    const trained = foundSeries({ ...found, shapes: [...found.shapes, grouped], surefire: 3, trained: 1 });
    expect(trained.map(({ id, points }) => [id, points.length])).toEqual([
      ['front', 2],
      ['predicted', 3], // the law predicts no groups
      ['trained', 1],
      ['named', 1],
    ]);
  });

  it('is a table with the named first, and a sentence', () => {
    expect(foundTable(found).rows.map(([name]) => name)).toEqual(['Panda', 'Surefire', 'baseline']);
    expect(nameOf({ ...found, panda: 0, surefire: 0 }, 0)).toBe('Panda, Surefire, baseline');
    expect(nameOf({ ...found, panda: 0, surefire: 0 }, 2)).toBe('width 12, hidden 64, heads 4/4');
    expect(describeFound(found)).toMatch(/2 shapes: Surefire answers 50.*% faster.*nothing was trained/);
    expect(describeFound({ ...found, surefire: 0 })).toMatch(/No other shape of 2 is faster/);
    expect(describeFound({ ...found, trained: 3, spearman: 0.5 })).toMatch(/3 were trained.*Spearman 0\.5/);
  });
});
