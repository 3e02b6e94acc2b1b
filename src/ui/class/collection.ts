// The results of a class as tables and plots: who, predicted beside measured, guesses beside the outcome, curves. Pure.
import type { ClassRow } from '../../classroom/protocol.ts';
import type { ClassResult } from '../../classroom/result.ts';
import { type DeviceKind, deviceKind, isSoftwareGpu } from '../../text/device-kind.ts';
import { formatCount, formatDigits, formatLoss, formatPercent, formatSi } from '../../text/numbers.ts';
import type { PlotPoint, PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import type { Bar } from '../figures/svg-bars.ts';

/** A result with what its student is called on the screen. */
export interface ClassEntry {
  readonly row: number;
  readonly who: string;
  readonly result: Omit<ClassResult, 'student'>;
}

/** The rows after some have changed. @param left where rows were deleted, those that are left */
export function mergeRows(
  rows: readonly ClassRow[],
  changes: readonly ClassRow[],
  left?: readonly number[],
): readonly ClassRow[] {
  const changed = new Map(changes.map((row) => [row.row, row]));
  const present = left === undefined ? undefined : new Set(left);
  const kept = rows.filter(({ row }) => !changed.has(row) && (present?.has(row) ?? true));
  return [...kept, ...changed.values()].filter(({ result }) => result !== undefined);
}

/** Rows with names: two students of one name are told apart, and who gave none has a number. */
export function classEntries(rows: readonly ClassRow[]): readonly ClassEntry[] {
  const people = [...new Set(rows.map(({ person }) => person))].sort((a, b) => a - b);
  const taken = new Map<string, number>();
  const names = new Map<number, string>();
  for (const [index, person] of people.entries()) {
    const name = rows.findLast((row) => row.person === person && row.result?.name !== undefined)?.result
      ?.name;
    if (name === undefined) {
      names.set(person, `Student ${index + 1}`);
      continue;
    }
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    names.set(person, count === 1 ? name : `${name} (${count})`);
  }
  return rows
    .toSorted((a, b) => a.row - b.row)
    .flatMap(({ row, person, result }) =>
      result === undefined ? [] : [{ row, who: names.get(person) ?? '', result }],
    );
}

const runtimeNames = { gpu: 'GPU', wasm: 'processor', cpu: 'processor, slow loops' } as const;

/** All results, one a row. */
export function classTable(entries: readonly ClassEntry[]): FigureTable {
  const perSecond = (value: number) => formatSi(value);
  return {
    columns: [
      { label: 'Who', room: 'medium' },
      { label: 'What', room: 'medium' },
      { label: 'Device', room: 'medium' },
      { label: 'Runtime' },
      { label: 'Predicted, tokens/s', format: perSecond },
      { label: 'Measured, tokens/s', format: perSecond },
      { label: 'Measured ÷ predicted', format: formatPercent },
      { label: 'Steps' },
      { label: 'Loss', format: formatLoss },
      { label: 'Validation loss', format: formatLoss },
      { label: 'Guess', room: 'medium' },
      { label: 'It was', room: 'medium' },
      { label: 'Verdict' },
    ],
    rows: entries.map(({ who, result }) => {
      const { title, device, predicted, measured, step, loss, validationLoss, guess } = result;
      const share = predicted && measured !== undefined ? measured / predicted : undefined;
      const runtime = isSoftwareGpu(device) ? deviceKind(device) : runtimeNames[device.runtime];
      return [
        ...[who, title, device.name, runtime, predicted, measured, share, step, loss, validationLoss],
        ...[guess?.text, guess?.outcomeText, guess?.verdict],
      ];
    }),
  };
}

/** Predicted against measured over all devices, a colour a kind of device, with the line where both are equal. */
export function rateSeries(entries: readonly ClassEntry[]): readonly PlotSeries[] {
  const tones: Readonly<Record<DeviceKind, Tone>> = {
    GPU: 'class-1',
    'software GPU': 'class-3',
    processor: 'class-4',
  };
  const kinds = Object.entries(tones) as [DeviceKind, Tone][];
  const both = entries.filter(({ result }) => (result.predicted ?? 0) > 0 && (result.measured ?? 0) > 0);
  const point = ({ who, result }: ClassEntry): PlotPoint => ({
    x: result.predicted ?? 0,
    y: result.measured ?? 0,
    name: who,
    detail: `${result.title}, ${result.device.name}`,
  });
  const clouds = kinds.flatMap(([name, tone]): readonly PlotSeries[] => {
    const points = both.filter(({ result }) => deviceKind(result.device) === name).map(point);
    return points.length === 0 ? [] : [{ id: name, name, tone, kind: 'points', points }];
  });
  if (clouds.length === 0) return [];
  const values = both.flatMap(({ result }) => [result.predicted ?? 1, result.measured ?? 1]);
  const [low, high] = [Math.min(...values) / 1.5, Math.max(...values) * 1.5];
  const line = [low, high].map((value) => ({ x: value, y: value }));
  const equal: PlotSeries = {
    id: 'equal',
    name: 'as predicted',
    tone: 'predicted',
    kind: 'line',
    isDashed: true,
    isGuide: true,
    points: line,
  };
  return [equal, ...clouds];
}

const curveTones: readonly Tone[] = ['class-1', 'class-4', 'class-2', 'class-3', 'ink', 'class-5'];

/** The loss of every run over its steps; where there are more than colours, names are read out and not listed. */
export function curveSeries(entries: readonly ClassEntry[]): readonly PlotSeries[] {
  const curves = entries.filter(({ result }) => (result.curve?.length ?? 0) > 1);
  return curves.map(({ who, result, row }, index) => ({
    id: String(row),
    name: who,
    tone: curveTones[index % curveTones.length] ?? 'ink',
    kind: 'line',
    isUnlisted: curves.length > curveTones.length,
    points: (result.curve ?? []).map(([step, loss]) => ({
      x: step,
      y: loss,
      name: who,
      detail: result.title,
    })),
  }));
}

/** The questions that guesses were made for. */
export function guessedLessons(entries: readonly ClassEntry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ result }) => result.guess?.lesson ?? []))];
}

/** Most bars that single numbers are shown in; more are put together. */
const mostBars = 10;

/** How many guessed what, the bar where the outcome lies in the colour of a measurement. */
export function guessBars(entries: readonly ClassEntry[], lesson: string): readonly Bar[] {
  const guesses = entries.flatMap(({ result: { guess } }) => (guess?.lesson === lesson ? [guess] : []));
  const counts = new Map<string, { count: number; isOutcome: boolean }>();
  const note = (label: string, count: number, isOutcome: boolean) => {
    const before = counts.get(label) ?? { count: 0, isOutcome: false };
    counts.set(label, { count: before.count + count, isOutcome: before.isOutcome || isOutcome });
  };
  const numbers = guesses.flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
  const outcomes = guesses.flatMap(({ outcome }) => (typeof outcome === 'number' ? [outcome] : []));
  if (numbers.length === guesses.length && outcomes.length === guesses.length) {
    for (const { label, holds } of intervals([...numbers, ...outcomes]))
      note(label, numbers.filter(holds).length, outcomes.some(holds));
  } else {
    for (const { text } of guesses) note(text, 1, false);
    for (const { outcomeText } of guesses) note(outcomeText, 0, true);
  }
  return [...counts].map(([label, { count, isOutcome }]) => ({
    label: isOutcome ? `${label} ◂ it was` : label,
    stretches: [{ name: label, value: count, tone: isOutcome ? 'train' : 'class-4' }],
    text: String(count),
  }));
}

const formatNumber = (value: number): string =>
  Number.isInteger(value) ? formatCount(value) : formatDigits(value);

/** Intervals that hold all values: each value by itself where there are few, else evenly between, by factors where they span many. */
function intervals(values: readonly number[]) {
  const different = [...new Set(values)].sort((a, b) => a - b);
  const [low = 0, high = 0] = [different[0], different.at(-1)];
  if (different.length <= mostBars)
    return different.map((one) => ({ label: formatNumber(one), holds: (value: number) => value === one }));
  const isLog = low > 0 && high / low > 20;
  const edge = (index: number): number =>
    isLog ? low * (high / low) ** (index / mostBars) : low + ((high - low) * index) / mostBars;
  return Array.from({ length: mostBars }, (_, index) => {
    const [from, to] = [edge(index), edge(index + 1)];
    const isFirst = index === 0;
    const isLast = index === mostBars - 1;
    return {
      label: `${formatNumber(from)} to ${formatNumber(to)}`,
      holds: (value: number) => (isFirst || value >= from) && (isLast || value < to),
    };
  });
}
