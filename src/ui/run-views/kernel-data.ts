// Groups, sums and sorts the rows of the kernel table.
import type { KernelRow } from '../../contract/kernels.ts';

/** By what the rows are gathered. */
export type Grouping = 'none' | 'phase' | 'kernel' | 'layer';

/** A column that rows are sorted by; `index` is the order of the plan. */
export type SortKey = 'index' | 'usefulFlops' | 'bytes' | 'predictedSeconds' | 'measuredSeconds' | 'ratio';

/** Rows that belong together, with their sums. */
export interface KernelGroup {
  readonly name: string;
  readonly rows: readonly KernelRow[];
  readonly usefulFlops: number;
  readonly bytes: number;
  /** Undefined when a row of the group has none. */
  readonly predictedSeconds: number | undefined;
  readonly measuredSeconds: number | undefined;
}

/** The layer that a label speaks of: `layers.3.attention` is `layer 3`; the rest is `outside the layers`. */
export function layerOf(label: string): string {
  const match = /(?:^|[^a-z])(?:layers?|blocks?|h)[^0-9a-z]?(\d+)/i.exec(label);
  return match === null ? 'outside the layers' : `layer ${match[1]}`;
}

/** Measured over predicted; undefined when one is missing. */
export function ratioOf(row: {
  readonly predictedSeconds?: number | undefined;
  readonly measuredSeconds?: number | undefined;
}): number | undefined {
  const { predictedSeconds, measuredSeconds } = row;
  if (predictedSeconds === undefined || measuredSeconds === undefined || predictedSeconds <= 0)
    return undefined;
  return measuredSeconds / predictedSeconds;
}

function sum(rows: readonly KernelRow[], read: (row: KernelRow) => number | undefined): number | undefined {
  let total = 0;
  for (const row of rows) {
    const value = read(row);
    if (value === undefined) return undefined;
    total += value;
  }
  return total;
}

/** A group with its sums. */
export function sumGroup(name: string, rows: readonly KernelRow[]): KernelGroup {
  return {
    name,
    rows,
    usefulFlops: sum(rows, ({ usefulFlops }) => usefulFlops) ?? 0,
    bytes: sum(rows, ({ bytes }) => bytes) ?? 0,
    predictedSeconds: sum(rows, ({ predictedSeconds }) => predictedSeconds),
    measuredSeconds: sum(rows, ({ measuredSeconds }) => measuredSeconds),
  };
}

/** What bounds the rows, that of most of them first. */
export function boundsOf(rows: readonly KernelRow[]): string {
  const counts = new Map<string, number>();
  for (const { boundBy } of rows) counts.set(boundBy, (counts.get(boundBy) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([bound]) => bound)
    .join(', ');
}

function sortValue(item: KernelRow | KernelGroup, key: Exclude<SortKey, 'index'>): number {
  const value = key === 'ratio' ? ratioOf(item) : item[key];
  return value ?? Number.NEGATIVE_INFINITY;
}

/** Largest first by the key; `index` leaves the order as it is. */
export function sortByKey<T extends KernelRow | KernelGroup>(
  items: readonly T[],
  key: SortKey,
): readonly T[] {
  return key === 'index' ? items : [...items].sort((a, b) => sortValue(b, key) - sortValue(a, key));
}

/** The rows gathered and sorted, groups as well as the rows in them. */
export function groupRows(
  rows: readonly KernelRow[],
  grouping: Grouping,
  key: SortKey,
): readonly KernelGroup[] {
  const nameOf = (row: KernelRow): string =>
    grouping === 'none' ? 'whole step' : grouping === 'layer' ? layerOf(row.label) : row[grouping];
  const gathered = new Map<string, KernelRow[]>();
  for (const row of rows) {
    const list = gathered.get(nameOf(row));
    if (list === undefined) gathered.set(nameOf(row), [row]);
    else list.push(row);
  }
  const groups = [...gathered].map(([name, list]) => sumGroup(name, sortByKey(list, key)));
  return sortByKey(groups, key);
}

/** How a phase is called on the page. */
export function phaseName(phase: string): string {
  return phase === 'update' ? 'optimizer' : phase;
}
