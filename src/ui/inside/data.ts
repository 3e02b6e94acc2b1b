// What the room “Inside” draws and tabulates, as plain data: heat maps as paths, and the tables behind every picture.

import type {
  ExpertHistory,
  ExpertLoad,
  ExpertTastes,
  HeadReading,
  PositionLosses,
  RouteReading,
  TakenPiece,
  TextReading,
} from '../../contract/inside.ts';
import { formatDigits, formatLoss, formatPercent } from '../../text/numbers.ts';
import type { PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import type { Heat } from '../figures/heat-paths.ts';

/** A square matrix in at most `size` cells a side: each cell is the largest of those that it stands for. */
export function pooled(values: ArrayLike<number>, time: number, size: number): Heat {
  const side = Math.min(size, time);
  const small = new Float32Array(side * side);
  for (let row = 0; row < time; row++) {
    for (let column = 0; column < time; column++) {
      const at = Math.floor((row * side) / time) * side + Math.floor((column * side) / time);
      small[at] = Math.max(small[at], values[row * time + column]);
    }
  }
  const names = Array.from({ length: side }, String);
  return { rows: names, columns: names, values: small, maximum: 1 };
}

/** A token with its place, counted from 1. */
export function namedToken({ tokens }: Pick<TextReading, 'tokens'>, index: number): string {
  return `“${tokens[index] ?? ''}” (${index + 1})`;
}

/** What each query looks at most. */
export function attentionTable(reading: TextReading, head: number): FigureTable {
  const { tokens, maps } = reading;
  const map = maps[head] ?? new Float32Array(0);
  const time = tokens.length;
  const percent = (value: number): string => formatPercent(value);
  const rows = tokens.map((_, query) => {
    const row = [...map.subarray(query * time, query * time + query + 1)];
    const best = [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, 3);
    const distance = row.reduce((sum, p, key) => sum + p * (query - key), 0);
    const named = [0, 1, 2].flatMap((place) => {
      const key = best[place];
      return key === undefined ? ['', undefined] : [namedToken(reading, key), row[key]];
    });
    return [namedToken(reading, query), ...named, distance];
  });
  return {
    columns: [
      { label: 'Query' },
      { label: 'Looks most at' },
      { label: 'Weight', format: percent },
      { label: 'Then at' },
      { label: 'Weight', format: percent },
      { label: 'Then at' },
      { label: 'Weight', format: percent },
      { label: 'Mean distance, tokens', format: formatDigits },
    ],
    rows,
  };
}

/** Heads with their distances. */
export function headsTable({ heads, windows }: Pick<TextReading, 'heads' | 'windows'>): FigureTable {
  return {
    columns: [
      { label: 'Head' },
      { label: 'Layer' },
      { label: 'Mean distance, tokens', format: formatDigits },
      { label: 'Window, tokens' },
      { label: 'Share of the sink', format: formatPercent },
    ],
    rows: heads.map(({ layer, head, distance, sinkShare }) => [
      `layer ${layer + 1}, head ${head + 1}`,
      layer + 1,
      distance,
      windows[layer] ?? 'all',
      sinkShare,
    ]),
  };
}

/** Distances of heads over layers; layers with a window apart from those without. */
export function headSeries({ heads, windows }: Pick<TextReading, 'heads' | 'windows'>): PlotSeries[] {
  const points = (isLocal: boolean) =>
    heads
      .filter(({ layer }) => (windows[layer] !== undefined) === isLocal)
      .map(({ layer, head, distance }: HeadReading) => {
        return { x: layer + 1, y: distance, name: `layer ${layer + 1}, head ${head + 1}` };
      });
  const hasLocal = windows.some((window) => window !== undefined);
  const all: PlotSeries[] = [
    {
      id: 'global',
      name: hasLocal ? 'sees all' : 'head',
      tone: 'train',
      kind: 'points',
      points: points(false),
    },
    {
      id: 'local',
      name: 'sees a window',
      tone: 'class-4',
      kind: 'points',
      sign: 'square',
      points: points(true),
    },
  ];
  return all.filter((series) => series.points.length > 0);
}

/** Losses of a text's tokens. */
export function tokenTable(reading: TextReading): FigureTable {
  return {
    columns: [
      { label: 'Token' },
      { label: 'Loss, nats', format: formatLoss },
      { label: 'Probability', format: formatPercent },
    ],
    rows: reading.tokens.map((_, index) => {
      const loss = reading.losses[index - 1];
      return [namedToken(reading, index), loss, loss === undefined ? undefined : Math.exp(-loss)];
    }),
  };
}

/** Mean losses by position, counted from 1. */
export function positionTable({ means, errors }: PositionLosses): FigureTable {
  return {
    columns: [
      { label: 'Position' },
      { label: 'Mean loss, nats', format: formatLoss },
      { label: 'Standard error', format: formatLoss },
    ],
    rows: means.map((mean, index) => [
      String(index + 1),
      mean,
      mean === undefined ? undefined : errors[index],
    ]),
  };
}

/** The experts that every token took. */
export function routesTable(
  reading: TextReading,
  { perToken, selected, weights }: RouteReading,
): FigureTable {
  const slots = Array.from({ length: perToken }, (_, slot) => slot);
  return {
    columns: [
      { label: 'Token' },
      ...slots.flatMap((slot) => [
        { label: `Expert ${perToken > 1 ? slot + 1 : ''}`.trim() },
        { label: 'Weight', format: formatDigits },
      ]),
    ],
    rows: reading.tokens.map((_, token) => [
      namedToken(reading, token),
      ...slots.flatMap((slot) => {
        const at = token * perToken + slot;
        return [selected[at] + 1, weights[at]];
      }),
    ]),
  };
}

/** Weights of the experts of one layer over the tokens of a text. */
export function routesHeat(
  { tokens }: TextReading,
  { experts, perToken, selected, weights }: RouteReading,
): Heat {
  const values = new Float32Array(experts * tokens.length);
  selected.forEach((expert, at) => {
    values[expert * tokens.length + Math.floor(at / perToken)] = weights[at];
  });
  const rows = Array.from({ length: experts }, (_, expert) => String(expert + 1));
  return { rows, columns: tokens, values, maximum: Math.max(...weights, Number.MIN_VALUE) };
}

/** Part of a layer's tokens that each expert took. */
export function tokenShares({ load, tokens }: Pick<ExpertLoad, 'load' | 'tokens'>): number[] {
  return load.map((choices) => (tokens > 0 ? choices / tokens : 0));
}

/** Shares of the tokens of one layer's experts over the run. */
export function loadHeat({ samples, experts }: ExpertHistory, layer: number): Heat {
  const values = new Float32Array(experts * samples.length);
  samples.forEach(({ layers }, column) => {
    const found = layers.find((one) => one.layer === layer);
    if (found === undefined) return;
    tokenShares(found).forEach((share, expert) => {
      values[expert * samples.length + column] = share;
    });
  });
  const rows = Array.from({ length: experts }, (_, expert) => String(expert + 1));
  return {
    rows,
    columns: samples.map(({ step }) => String(step)),
    values,
    maximum: Math.max(...values, 1e-6),
  };
}

/** Figures of a router that have a curve. */
export const routerFigures = {
  balance: {
    label: 'balance, E · Σ f·P',
    format: formatDigits,
    of: ({ balance }: ExpertLoad): number => balance,
  },
  entropy: {
    label: 'router entropy, of ln E',
    format: formatPercent,
    of: ({ entropy, load }: ExpertLoad): number => entropy / Math.log(Math.max(2, load.length)),
  },
  largest: {
    label: 'tokens of the largest expert',
    format: formatPercent,
    of: (load: ExpertLoad): number => Math.max(...tokenShares(load)),
  },
  dropped: {
    label: 'choices dropped',
    format: formatPercent,
    of: ({ dropped, load }: ExpertLoad): number =>
      dropped /
      Math.max(
        1,
        load.reduce((a, b) => a + b, 0),
      ),
  },
} as const;

/** A figure of a router. */
export type RouterFigure = keyof typeof routerFigures;

const tones: readonly Tone[] = ['class-1', 'class-2', 'class-3', 'class-4', 'class-5'];

/** One line a layer. */
export function routerSeries({ samples }: ExpertHistory, figure: RouterFigure): PlotSeries[] {
  const layers = samples[0]?.layers ?? [];
  return layers.map(({ layer }, index) => ({
    id: `layer-${layer}`,
    name: `layer ${layer + 1}`,
    tone: tones[index % tones.length],
    kind: samples.length > 1 ? 'line' : 'points',
    isDashed: index >= tones.length,
    points: samples.flatMap(({ step, layers: at }) => {
      const load = at[index];
      return load === undefined ? [] : [{ x: step, y: routerFigures[figure].of(load) }];
    }),
  }));
}

/** Everything about the routers over the run. */
export function routerTable({ samples, experts }: ExpertHistory): FigureTable {
  const names = Object.values(routerFigures).map(({ label, format }) => ({ label, format }));
  const every = Array.from({ length: experts }, (_, expert) => expert);
  return {
    columns: [
      { label: 'Layer and steps' },
      ...names,
      ...every.map((expert) => ({ label: `Tokens of expert ${expert + 1}`, format: formatPercent })),
    ],
    rows: samples.flatMap(({ from, step, layers }) =>
      layers.map((load) => [
        `layer ${load.layer + 1}, steps ${from + 1} to ${step}`,
        ...Object.values(routerFigures).map(({ of }) => of(load)),
        ...tokenShares(load),
      ]),
    ),
  };
}

/** What the experts of one layer take most. */
export function tastesTable({ layers }: ExpertTastes, layer: number): FigureTable {
  const list = (pieces: readonly TakenPiece[]): string =>
    pieces
      .slice(0, 8)
      .map(({ name, share }) => `${name} ${formatPercent(share).replace(/\.\d+/, '')}`)
      .join(',  ');
  const found = layers.find((one) => one.layer === layer);
  return {
    columns: [
      { label: 'Expert' },
      { label: 'Share of the load', format: formatPercent },
      { label: 'Tokens it takes most, with the part of each that it gets', room: 'long' },
      { label: 'Words whose letters it takes most', room: 'long' },
    ],
    rows: (found?.experts ?? []).map(({ expert, share, tokens, words }) => [
      `expert ${expert + 1}`,
      share,
      list(tokens),
      list(words),
    ]),
  };
}

/** Class of a token's shade, 0 to 8, by its loss in nats: the eighth begins at ln 256, a guess among bytes. */
export function lossShade(loss: number | undefined): number {
  return loss === undefined ? 0 : Math.max(0, Math.min(8, Math.round((8 * loss) / Math.log(256))));
}
