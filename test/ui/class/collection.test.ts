// The results of a class as tables and plots.
import { describe, expect, it } from 'vitest';
import type { ClassRow } from '../../../src/classroom/protocol.ts';
import type { ClassResult } from '../../../src/classroom/result.ts';
import {
  classEntries,
  classTable,
  curveSeries,
  guessBars,
  guessedLessons,
  mergeRows,
  rateSeries,
} from '../../../src/ui/class/collection.ts';
import { sampleResult } from '../../classroom/sample-result.ts';

const rowOf = (row: number, change: Partial<ClassResult> = {}, person = row): ClassRow => {
  const { student: _student, ...result } = sampleResult(change);
  return { row, person, revision: row, result };
};
const guess = (value: number | string, outcome: number | string) => ({
  guess: { lesson: 'Heads', value, text: `guess ${value}`, outcome, outcomeText: `guess ${outcome}` },
});

describe('the rows of a class', () => {
  it('are replaced and taken away as the server says', () => {
    const rows = mergeRows([rowOf(1), rowOf(2)], [{ row: 1, person: 1, revision: 3 }, rowOf(3)]);
    expect(rows.map(({ row }) => row)).toEqual([2, 3]);
    expect(mergeRows(rows, [rowOf(4)], [3, 4]).map(({ row }) => row)).toEqual([3, 4]);
  });

  it('tell students of one name apart, and number those without', () => {
    const { name: _name, ...nameless } = sampleResult();
    const third: ClassRow = { row: 3, person: 9, revision: 3, result: nameless };
    const entries = classEntries([rowOf(4, {}, 7), rowOf(1, {}, 1), rowOf(2, { title: 'Nano' }, 1), third]);
    expect(entries.map(({ row, who }) => [row, who])).toEqual([
      [1, 'Ana'],
      [2, 'Ana'],
      [3, 'Student 3'],
      [4, 'Ana (2)'],
    ]);
    const { columns, rows } = classTable(entries);
    expect(rows.every((cells) => cells.length === columns.length)).toBe(true);
  });
});

describe('the figures of a class', () => {
  it('set predicted against measured, a colour a kind of device', () => {
    const software = { name: 'SwiftShader', runtime: 'gpu', isSoftware: true } as const;
    const { predicted: _none, ...rest } = sampleResult();
    const unpredicted: ClassRow = { row: 3, person: 3, revision: 3, result: rest };
    const series = rateSeries(classEntries([rowOf(1), rowOf(2, { device: software }), unpredicted]));
    expect(series.map(({ name, points }) => [name, points.length])).toEqual([
      ['as predicted', 2],
      ['GPU', 1],
      ['software GPU', 1],
    ]);
    expect(rateSeries(classEntries([unpredicted]))).toEqual([]);
  });

  it('draw a curve for each run that has one', () => {
    const entries = classEntries([rowOf(1), rowOf(2, { curve: [] })]);
    expect(curveSeries(entries).map(({ points }) => points.length)).toEqual([3]);
  });

  it('count guesses, and mark where the outcome lies', () => {
    const entries = classEntries([
      rowOf(1, guess(4, 6)),
      rowOf(2, guess(4, 6)),
      rowOf(3, guess(6, 6)),
      rowOf(4),
    ]);
    expect(guessedLessons(entries)).toEqual(['Heads']);
    expect(guessBars(entries, 'Heads').map(({ label, text }) => [label, text])).toEqual([
      ['4', '2'],
      ['6 ◂ it was', '1'],
    ]);
    const chosen = classEntries([rowOf(1, guess('more', 'same')), rowOf(2, guess('same', 'same'))]);
    expect(guessBars(chosen, 'Heads').map(({ label, text }) => [label, text])).toEqual([
      ['guess more', '1'],
      ['guess same ◂ it was', '1'],
    ]);
  });

  it('put many numbers into intervals that lose none', () => {
    const many = classEntries(
      Array.from({ length: 40 }, (_, index) => rowOf(index + 1, guess(2 ** (index / 2), 9))),
    );
    const bars = guessBars(many, 'Heads');
    expect(bars.length).toBeLessThanOrEqual(10);
    expect(bars.reduce((sum, { text }) => sum + Number(text), 0)).toBe(40);
    expect(bars.filter(({ label }) => label.endsWith('it was'))).toHaveLength(1);
  });
});
