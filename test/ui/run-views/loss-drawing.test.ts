// The loss chart as a file's drawing.
import { expect, it } from 'vitest';
import { lossDrawing } from '../../../src/ui/run-views/loss-drawing.ts';
import { near } from '../../near.ts';

const columns = { x: [1, 2, 3], raw: [4, 3, 2], smooth: [4, 3.5, null], validation: [null, null, 2.5] };
const options = { axis: 'step', logX: false, logY: true, smoothing: 0.8 } as const;

it('draws what there is, and the floors that lie within', () => {
  const drawing = lossDrawing(columns, options, { uniform: 4.1, unigram: 3, bigram: 2.4 });
  expect(drawing.series.map(({ points }) => points)).toEqual([
    [
      { x: 1, y: 4 },
      { x: 2, y: near(3.5) },
    ],
    [{ x: 3, y: near(2.5) }],
  ]);
  expect(drawing.rules.map(({ label }) => label)).toEqual(['unigram', 'bigram']);
  expect([drawing.x.kind, drawing.y.kind]).toEqual(['linear', 'log']);
});
