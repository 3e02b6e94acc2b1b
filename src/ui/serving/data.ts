// Figures of serving as plain data: rate and waits against the batch, and a table with memory and prices.
import type { ServingSweep } from '../../contract/records.ts';
import type { ServingFigures, ServingRequest, ServingRow } from '../../contract/serving.ts';
import {
  formatBytes,
  formatCount,
  formatDollars,
  formatSeconds,
  formatSi,
  formatSpread,
} from '../../text/numbers.ts';
import type { PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { pressAssumptions, priceOfMultiplyAdd } from '../../theory/assumptions.ts';
import { priceOfMillionTokens } from '../../theory/serving.ts';
import { halvingYears } from '../../theory/what-if.ts';

/** What is asked for, without the batches. */
export type ServedTexts = Omit<ServingRequest, 'batches'>;

/** What was asked for; where nothing was, short texts that fit the model. @param context of the model; undefined if unknown */
export function servedTexts(context: number | undefined, asked: Partial<ServedTexts>): ServedTexts {
  const prompt = asked.prompt ?? Math.max(1, Math.min(16, Math.floor((context ?? 48) / 3)));
  const output = asked.output ?? Math.max(1, Math.min(32, (context ?? 48) - prompt));
  return {
    prompt,
    output,
    repeats: asked.repeats ?? 3,
    weights: asked.weights ?? 'f32',
    cache: asked.cache ?? 'f32',
  };
}

/** What a person says of the machine. */
export interface Prices {
  readonly watts: number;
  readonly dollarsPerKilowattHour: number;
  readonly dollarsPerHour: number;
  /** From now: prices of the machine, and Press's, halve every two. */
  readonly years: number;
}

/** A laptop or desktop at work; to be set. */
export const usualPrices: Prices = {
  watts: 100,
  dollarsPerKilowattHour: 0.3,
  dollarsPerHour: 0.05,
  years: 0,
};

type Figure = keyof ServingFigures;

/** Measured points with their spread, and lines of expectation and limit. */
function seriesOf(
  rows: readonly ServingRow[],
  figure: Figure,
  id: string,
  name: string,
  tone: Tone,
): PlotSeries[] {
  const predicted = (kind: 'expectation' | 'limit') =>
    rows.flatMap(({ batch, predicted }) => (predicted ? [{ x: batch, y: predicted[kind][figure] }] : []));
  const [expectation, limit] = [predicted('expectation'), predicted('limit')];
  const line = (kind: string, points: PlotSeries['points']): PlotSeries[] =>
    points.length === 0
      ? []
      : [
          {
            id: `${id}-${kind}`,
            name: `${name}, ${kind}`,
            tone,
            kind: 'line',
            isDashed: kind === 'limit',
            points,
          },
        ];
  return [
    ...line('expected', expectation),
    ...line('limit', limit),
    {
      id,
      name: `${name}, measured`,
      tone,
      // Without a line of what was expected the points are hard to follow.
      kind: expectation.length === 0 ? 'both' : 'points',
      points: rows.flatMap(({ batch, measured }) => {
        if (!measured) return [];
        const value = measured[figure];
        // The spread is that of the rate.
        const range = [value * (1 - Math.min(measured.spread, 0.9)), value * (1 + measured.spread)] as const;
        const ofRate = figure === 'tokensPerSecond' ? { range } : {};
        return [{ x: batch, y: value, name: `batch ${batch}`, ...ofRate }];
      }),
    },
  ];
}

/** Tokens per second against the batch. */
export function rateSeries(rows: readonly ServingRow[]): readonly PlotSeries[] {
  return seriesOf(rows, 'tokensPerSecond', 'rate', 'tokens/s', 'class-1');
}

/** Seconds to the first token and between tokens, against the batch. */
export function waitSeries(rows: readonly ServingRow[]): readonly PlotSeries[] {
  return [
    ...seriesOf(rows, 'firstTokenSeconds', 'first', 'first token', 'class-2'),
    ...seriesOf(rows, 'betweenTokensSeconds', 'between', 'between tokens', 'class-4'),
  ];
}

/** Colours of what is drawn beside one another. */
const sweepTones: readonly Tone[] = ['class-1', 'class-3', 'class-4'];

/** Tokens per second against the batch, of each format of the weights. */
export function sweepRates(sweeps: readonly ServingSweep[]): readonly PlotSeries[] {
  return sweeps.flatMap(({ weights, rows }, index) =>
    seriesOf(rows, 'tokensPerSecond', weights, weights, sweepTones[index] ?? 'ink'),
  );
}

/** Seconds between tokens against the batch, of each format of the weights. */
export function sweepWaits(sweeps: readonly ServingSweep[]): readonly PlotSeries[] {
  return sweeps.flatMap(({ weights, rows }, index) =>
    seriesOf(rows, 'betweenTokensSeconds', weights, weights, sweepTones[index] ?? 'ink'),
  );
}

/** Everything of a batch in a row, of each format of the weights. */
export function sweepsTable(sweeps: readonly ServingSweep[]): FigureTable {
  const tables = sweeps.map(({ weights, rows }) => ({ weights, ...servingTable(rows) }));
  return {
    columns: [{ label: 'Weights in' }, ...(tables[0]?.columns ?? [])],
    rows: tables.flatMap(({ weights, rows }) => rows.map((cells) => [weights, ...cells])),
  };
}

/** Everything of a batch in a row. */
export function servingTable(rows: readonly ServingRow[]): FigureTable {
  return {
    columns: [
      { label: 'Batch' },
      { label: 'Tokens per second', format: (value) => formatSi(value) },
      { label: 'Spread', format: formatSpread },
      { label: 'Expected', format: (value) => formatSi(value) },
      { label: 'Limit', format: (value) => formatSi(value) },
      { label: 'First token (s)', format: formatSeconds },
      { label: 'Expected (s)', format: formatSeconds },
      { label: 'Between tokens (s)', format: formatSeconds },
      { label: 'Expected between (s)', format: formatSeconds },
      { label: 'Weights (bytes)', format: formatBytes },
      { label: 'Caches (bytes)', format: formatBytes },
      { label: 'All memory (bytes)', format: formatBytes },
      { label: 'Bound by' },
    ],
    rows: rows.map(({ batch, measured, predicted, weightBytes, cacheBytes, totalBytes }) => [
      batch,
      measured?.tokensPerSecond,
      measured?.spread,
      predicted?.expectation.tokensPerSecond,
      predicted?.limit.tokensPerSecond,
      measured?.firstTokenSeconds,
      predicted?.expectation.firstTokenSeconds,
      measured?.betweenTokensSeconds,
      predicted?.expectation.betweenTokensSeconds,
      weightBytes,
      cacheBytes,
      totalBytes,
      predicted?.bound,
    ]),
  };
}

/** Memory and bound of each batch, and what a million tokens cost at its rate, beside Press's price of their multiply-adds. */
export function priceRows(
  rows: readonly ServingRow[],
  { years, ...prices }: Prices,
): readonly (readonly string[])[] {
  const later = 0.5 ** (years / halvingYears);
  return rows.flatMap(({ batch, measured, predicted, decodeFlops, weightBytes, cacheBytes }) => {
    if (!measured || !(measured.tokensPerSecond > 0)) return [];
    const price = priceOfMillionTokens(measured.tokensPerSecond, {
      ...prices,
      dollarsPerHour: prices.dollarsPerHour * later,
    });
    const multiplyAdds = (1e6 * decodeFlops) / batch / 2;
    return [
      [
        formatCount(batch),
        formatBytes(weightBytes),
        formatBytes(cacheBytes),
        predicted?.bound ?? '–',
        formatSi(1000 * price.kilowattHours, 'Wh'),
        formatDollars(price.energyDollars),
        formatDollars(price.deviceDollars),
        formatDollars(multiplyAdds * priceOfMultiplyAdd(pressAssumptions) * later),
      ],
    ];
  });
}
