// Guesses, verdicts, and figures as plots and tables.
import { describe, expect, it } from 'vitest';
import type { LessonOutcome } from '../../../src/contract/lessons.ts';
import {
  describeCell,
  describeLines,
  guessText,
  matrixShades,
  plotOf,
  readGuess,
  tableOf,
  verdictText,
} from '../../../src/ui/lessons/data.ts';
import { near } from '../../near.ts';

const number = {
  kind: 'number',
  text: 'How many?',
  unit: 'positions',
  minimum: 0,
  maximum: 16,
  rightFactor: 1,
  judged: '',
} as const;
const choice = {
  kind: 'choice',
  text: 'Which?',
  choices: [
    { id: 'same', label: 'As many' },
    { id: 'more', label: 'More' },
  ],
} as const;

describe('a guess', () => {
  it.each([
    [number, '6', 6],
    [number, ' 0 ', 0],
    [number, '', undefined],
    [number, '17', undefined],
    [number, 'six', undefined],
    [choice, 'same', 'same'],
    [choice, '', undefined],
    [choice, '__proto__', undefined],
  ] as const)('to %o typed as %j is %s', (question, text, guess) => {
    expect(readGuess(question, text)).toBe(guess);
  });

  it('is read with its unit, or as the words of the choice', () => {
    expect(guessText(number, 6)).toBe('6 positions');
    expect(guessText(choice, 'same')).toBe('As many');
  });

  it.each([
    [{ guess: 6, guessVerdict: 'right', measured: 6 }, 'Right.'],
    [{ guess: 12, guessVerdict: 'close', measured: 6 }, 'Close: 2.00 times too high.'],
    [{ guess: 3, guessVerdict: 'off', measured: 300 }, 'Off: 100 times too low.'],
    [{ guess: 0, guessVerdict: 'off', measured: 6 }, 'Not this time.'],
    [{ guess: 'more', guessVerdict: 'off', measured: 'same' }, 'Not this time.'],
    [{ measured: 6 }, 'No guess was made.'],
  ] as const)('of %o is judged', ({ measured, ...rest }, text) => {
    const outcome = { ...rest, measured: { value: measured, text: '' } } as unknown as LessonOutcome;
    expect(verdictText(outcome)).toBe(text);
  });
});

describe('a figure', () => {
  const lines = {
    kind: 'lines',
    title: 'Loss',
    x: { label: 'step', isLog: true },
    y: { label: 'nats' },
    series: [
      {
        name: 'a',
        role: 'measured',
        points: [
          [1, 4],
          [2, 3],
        ],
      },
      { name: 'b', role: 'theory', points: [[1, 4.1]] },
      { name: 'c', role: 'measured', isDashed: true, points: [[2, 3.5]] },
    ],
  } as const;
  const matrix = {
    kind: 'matrix',
    title: 'Attention',
    rowLabel: 'position',
    columnLabel: 'looks at',
    rows: ['a', 'b'],
    columns: ['a', 'b'],
    values: [
      [1, 0],
      [0.75, 0.25],
    ],
  } as const;

  it('of lines keeps axes, colours by role, and draws theory and what came before broken', () => {
    const { x, y, series } = plotOf(lines);
    expect([x.kind, y.kind]).toEqual(['log', 'linear']);
    expect(series.map(({ tone, isDashed }) => [tone, isDashed])).toEqual([
      ['train', false],
      ['predicted', true],
      ['train', true],
    ]);
    expect(series[0]?.points).toEqual([
      { x: 1, y: 4 },
      { x: 2, y: 3 },
    ]);
    expect(describeLines(lines)).toMatch(/^Loss: nats by step. a from 4.00 to 3.00; b from 4.10/);
  });

  it('of lines has a table with one row for each place', () => {
    expect(tableOf(lines).rows).toEqual([
      [1, 4, near(4.1), ''],
      [2, 3, '', near(3.5)],
    ]);
  });

  it('that is a matrix has shades from 0 to 1, and a table with its tokens numbered', () => {
    expect(matrixShades(matrix)).toEqual([
      [1, 0],
      [near(Math.sqrt(0.75)), near(0.5)],
    ]);
    expect(matrixShades({ ...matrix, values: [[0, 0]] })).toEqual([[0, 0]]);
    const { columns, rows } = tableOf(matrix);
    expect(columns.map(({ label }) => label)).toEqual(['position', '1 a', '2 b']);
    expect(rows).toEqual([
      ['1 a', 1, 0],
      ['2 b', near(0.75), near(0.25)],
    ]);
    expect(describeCell(matrix, 0, 1)).toBe('position 1 “a” looks at 2 “b”: exactly 0');
  });
});
