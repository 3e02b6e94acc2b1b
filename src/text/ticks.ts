// Scales and ticks of a plot's axes, linear and truly logarithmic. Pure: no DOM.

/** How values are spread along an axis. */
export type ScaleKind = 'linear' | 'log';

/** The ends of an axis or of its stretch on the drawing. */
export type Interval = readonly [low: number, high: number];

/** A mapping from values to positions, in the drawing's units. A range may run downwards. */
export interface Scale {
  readonly kind: ScaleKind;
  readonly domain: Interval;
  readonly range: Interval;
}

/** A mark on an axis; one without a label is only a line. */
export interface Tick {
  readonly value: number;
  readonly isLabelled: boolean;
}

/** Whether an axis of this kind has a place for the value: a logarithm has none for zero and below. */
export function hasPlace(kind: ScaleKind, value: number): boolean {
  return Number.isFinite(value) && (kind === 'linear' || value > 0);
}

/** Position of a value; undefined where there is none. Values beyond the domain lie beyond the range. */
export function placeOf({ kind, domain, range }: Scale, value: number): number | undefined {
  if (!hasPlace(kind, value)) return undefined;
  const [low, high] = domain.map((end) => bend(kind, end)) as [number, number];
  const share = high === low ? 0.5 : (bend(kind, value) - low) / (high - low);
  return range[0] + share * (range[1] - range[0]);
}

/** The value at a position. */
export function valueAt({ kind, domain, range }: Scale, position: number): number {
  const [low, high] = domain.map((end) => bend(kind, end)) as [number, number];
  const share = range[1] === range[0] ? 0 : (position - range[0]) / (range[1] - range[0]);
  const bent = low + share * (high - low);
  return kind === 'log' ? 10 ** bent : bent;
}

/**
 * A domain that holds all values with a place, `padding` (a share of the span, of the logarithm's on a log axis) free at
 * both ends. One value alone gets a decade or 10 % around it; none gives 1 to 10, or 0 to 1.
 */
export function domainOf(
  kind: ScaleKind,
  values: readonly number[],
  { padding = 0.04, isFromZero = false }: { readonly padding?: number; readonly isFromZero?: boolean } = {},
): Interval {
  const placed = values.filter((value) => hasPlace(kind, value)).map((value) => bend(kind, value));
  if (placed.length === 0) return kind === 'log' ? [1, 10] : [0, 1];
  let low = placed.reduce((least, value) => Math.min(least, value));
  let high = placed.reduce((most, value) => Math.max(most, value));
  if (kind === 'linear' && isFromZero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  // Values that differ by rounding alone are one value.
  if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high))) {
    const half = kind === 'log' ? 0.5 : Math.abs(low) * 0.1 || 0.5;
    low -= half;
    high += half;
  }
  const free = padding * (high - low);
  // What begins at zero shows zero at its very end.
  const ends = [
    isFromZero && low === 0 ? 0 : low - free,
    isFromZero && high === 0 ? 0 : high + free,
  ] as const;
  return kind === 'log' ? [10 ** ends[0], 10 ** ends[1]] : ends;
}

/** Ticks within a domain, ascending, of which about `most` have a label. */
export function axisTicks(kind: ScaleKind, [low, high]: Interval, most: number): readonly Tick[] {
  if (!(high > low) || !hasPlace(kind, low) || !Number.isFinite(high)) return [];
  return kind === 'log' ? logTicks(low, high, Math.max(2, most)) : linearTicks(low, high, Math.max(2, most));
}

function linearTicks(low: number, high: number, most: number): Tick[] {
  const rough = (high - low) / most;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * decade >= rough) ?? 10) * decade;
  const ticks: Tick[] = [];
  const first = Math.ceil(low / step - 1e-9);
  // Beyond the whole numbers that are exact, one more is no more.
  if (!Number.isSafeInteger(first * 1000)) return [];
  for (let index = first; index * step <= high + step * 1e-9; index += 1) {
    ticks.push({ value: Number((index * step).toPrecision(12)), isLabelled: true });
  }
  return ticks;
}

/** Decades, thinned when they are many; 1, 2, 5 when they are few; equal steps within less than one. */
function logTicks(low: number, high: number, most: number): Tick[] {
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, most);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const between = decades * 3 <= most ? [1, 2, 5] : decades * 2 <= most ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / most));
  const minor = every === 1 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1];
  const ticks: Tick[] = [];
  for (let power = first; power <= last; power += 1) {
    for (const factor of minor) {
      const value = Number(`${factor}e${power}`);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      ticks.push({ value, isLabelled: between.includes(factor) && (factor > 1 || power % every === 0) });
    }
  }
  return ticks;
}

/** `count` values from low to high, both among them, at equal distances on the axis. */
export function spread(kind: ScaleKind, [low, high]: Interval, count: number): readonly number[] {
  const from = bend(kind, low);
  const to = bend(kind, high);
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return low;
    if (index === count - 1) return high;
    const bent = from + ((to - from) * index) / (count - 1);
    return kind === 'log' ? 10 ** bent : bent;
  });
}

function bend(kind: ScaleKind, value: number): number {
  return kind === 'log' ? Math.log10(value) : value;
}
