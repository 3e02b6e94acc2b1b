// The best learning rates of a sweep for the page: each size's parabola with its lowest place and interval, and the numbers.

import { atParabola } from '../../laws/curves/parabola.ts';
import { type RateCurve, usualRateOf } from '../../laws/learning-rate-law.ts';
import type { LawReport } from '../../laws/report.ts';
import { formatDigits, formatLoss, formatSi } from '../../text/numbers.ts';
import type { PlotSeries } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { spread } from '../../text/ticks.ts';
import { toneOf } from './runs.ts';

/** Points of a parabola. */
const curvePoints = 41;

/** Parabolas over the rates that were fitted; their lowest places, each with its interval as a bar along the rates. */
export function rateSeries({ rates = [] }: Pick<LawReport, 'rates'>): readonly PlotSeries[] {
  const sizes = [...new Set(rates.map(({ parameters }) => parameters))].sort((a, b) => a - b);
  return rates.flatMap((curve, index): PlotSeries[] => {
    const { parabola, best, near, parameters } = curve;
    if (!parabola || !best) return [];
    const tone = toneOf(sizes.indexOf(parameters));
    const fitted = near.map(({ learningRate = Number.NaN }) => learningRate);
    const line = { tone, kind: 'line', isUnlisted: true, isGuide: true } as const;
    return [
      {
        ...line,
        id: `parabola-${index}`,
        name: 'parabola',
        isDashed: true,
        points: spread('log', [Math.min(...fitted), Math.max(...fitted)], curvePoints).map((rate) => ({
          x: rate,
          y: atParabola(parabola, Math.log(rate)),
        })),
      },
      ...(best.interval
        ? [
            {
              ...line,
              id: `interval-${index}`,
              name: '95 %',
              points: best.interval.map((rate) => ({ x: rate, y: best.loss })),
            },
          ]
        : []),
      {
        id: `best-${index}`,
        name: 'best rate',
        tone,
        kind: 'points',
        sign: 'diamond',
        radius: 5,
        isUnlisted: index > 0,
        points: [{ x: best.rate, y: best.loss, name: describeBest(curve) }],
      },
    ];
  });
}

function describeBest({ parameters, tokens, best }: RateCurve): string {
  const [low, high] = best?.interval ?? [];
  const interval = low === undefined ? '' : `, 95 %: ${formatDigits(low)} to ${formatDigits(high)}`;
  return `N ${formatSi(parameters)}, D ${formatSi(tokens)}${interval}`;
}

/** The best rate of each size with its interval, or why there is none, and what the ready studies would take. */
export function ratesTable({ rates = [] }: Pick<LawReport, 'rates'>): FigureTable {
  return {
    columns: [
      { label: 'parameters', format: (value) => formatSi(value) },
      { label: 'tokens', format: (value) => formatSi(value) },
      { label: 'best rate', format: formatDigits },
      { label: '95 %, low', format: formatDigits },
      { label: 'high', format: formatDigits },
      { label: 'loss there', format: formatLoss },
      { label: 'the ready studies take, by N of the blocks', format: formatDigits },
      { label: 'why there is none', room: 'medium' },
    ],
    rows: rates.map((curve) => [
      curve.parameters,
      curve.tokens,
      curve.best?.rate,
      curve.best?.interval?.[0],
      curve.best?.interval?.[1],
      curve.best?.loss,
      usualRateOf(curve),
      curve.refusal,
    ]),
  };
}
