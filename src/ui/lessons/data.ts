// Lessons as the page shows them: guesses in words, figures as plots and tables, shades of a matrix. Pure.
import type {
  LessonFigure,
  LessonGuess,
  LessonOutcome,
  LessonQuestion,
  LessonSeries,
} from '../../contract/lessons.ts';
import { formatCount, formatDigits, formatPower, formatTick } from '../../text/numbers.ts';
import type { PlotAxis, PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';

type Lines = Extract<LessonFigure, { kind: 'lines' }>;
type Matrix = Extract<LessonFigure, { kind: 'matrix' }>;

const tones: Readonly<Record<LessonSeries['role'], readonly Tone[]>> = {
  measured: ['train'],
  other: ['validation'],
  theory: ['predicted', 'floor'],
};

/** Points above which signs would hide the line. */
const mostSigns = 20;

/** Whole numbers as they are, others with three digits. */
function formatNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? formatCount(value) : formatDigits(value);
}

/** A guess or an answer with its unit, or the words of a choice. */
export function guessText(question: LessonQuestion, guess: LessonGuess): string {
  if (question.kind === 'number')
    return `${typeof guess === 'number' ? formatNumber(guess) : guess} ${question.unit}`;
  return question.choices.find(({ id }) => id === guess)?.label ?? String(guess);
}

/** The guess in a form's field: undefined when it is no number of the question's range. */
export function readGuess(question: LessonQuestion, text: string): LessonGuess | undefined {
  if (question.kind === 'choice') return question.choices.find(({ id }) => id === text)?.id;
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return number >= question.minimum && number <= question.maximum ? number : undefined;
}

/** One sentence on how near a guess came. */
export function verdictText({ guess, guessVerdict, measured }: LessonOutcome): string {
  if (guess === undefined || guessVerdict === undefined) return 'No guess was made.';
  if (guessVerdict === 'right') return 'Right.';
  if (typeof guess !== 'number' || typeof measured.value !== 'number' || measured.value <= 0)
    return 'Not this time.';
  if (guess <= 0) return 'Not this time.';
  const factor = formatPower(Math.max(guess / measured.value, measured.value / guess));
  const way = guess > measured.value ? 'too high' : 'too low';
  return `${guessVerdict === 'close' ? 'Close' : 'Off'}: ${factor} times ${way}.`;
}

/** Axes and series of a line chart. */
export function plotOf({ x, y, series }: Lines): {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly series: readonly PlotSeries[];
} {
  const axis = ({ label, isLog = false }: Lines['x']): PlotAxis => ({
    label,
    kind: isLog ? 'log' : 'linear',
    format: formatTick,
    formatValue: formatPower,
  });
  const seen = new Map<LessonSeries['role'], number>();
  return {
    x: axis(x),
    y: axis(y),
    series: series.map(({ name, role, isDashed = false, points }, index): PlotSeries => {
      const order = isDashed ? 0 : (seen.get(role) ?? 0);
      if (!isDashed) seen.set(role, order + 1);
      const choices = tones[role];
      return {
        id: String(index),
        name,
        tone: choices[order % choices.length] ?? 'ink',
        kind: role !== 'theory' && points.length <= mostSigns ? 'both' : 'line',
        isDashed: isDashed || role === 'theory',
        points: points.map(([at, value]) => ({ x: at, y: value })),
      };
    }),
  };
}

/** Any figure's numbers, for those who read it and for the file. */
export function tableOf(figure: LessonFigure): FigureTable {
  switch (figure.kind) {
    case 'table':
      return {
        columns: figure.columns.map((label) => ({ label, format: formatNumber })),
        rows: figure.rows,
      };
    case 'matrix':
      return {
        columns: [figure.rowLabel, ...figure.columns].map((label, index) => ({
          label: index === 0 ? label : `${index} ${label}`,
          format: formatDigits,
        })),
        rows: figure.values.map((row, index) => [`${index + 1} ${figure.rows[index] ?? ''}`, ...row]),
      };
    case 'lines': {
      const places = [...new Set(figure.series.flatMap(({ points }) => points.map(([x]) => x)))];
      places.sort((a, b) => a - b);
      return {
        columns: [figure.x.label, ...figure.series.map(({ name }) => name)].map((label) => ({
          label,
          format: formatPower,
        })),
        rows: places.map((x) => [
          x,
          ...figure.series.map(({ points }) => points.find(([at]) => at === x)?.[1] ?? ''),
        ]),
      };
    }
    default:
      return figure satisfies never;
  }
}

/** A line chart in words: what is on which axis, and where each line begins and ends. */
export function describeLines({ title, x, y, series }: Lines): string {
  const lines = series.flatMap(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? [`${name} from ${formatPower(first[1])} to ${formatPower(last[1])}`] : [];
  });
  return `${title}: ${y.label} by ${x.label}. ${lines.join('; ')}.`;
}

/** Strength of each cell, 0 to 1: the square root of its share of the largest, which shows small values too. */
export function matrixShades({ values }: Matrix): number[][] {
  const largest = Math.max(0, ...values.flat());
  return values.map((row) => row.map((value) => (largest > 0 ? Math.sqrt(Math.max(0, value) / largest) : 0)));
}

/** What stands in a cell, in words. */
export function describeCell(matrix: Matrix, row: number, column: number): string {
  const { rows, columns, rowLabel, columnLabel, values } = matrix;
  const value = values[row]?.[column];
  const shown = value === 0 ? 'exactly 0' : formatDigits(value);
  return `${rowLabel} ${row + 1} “${rows[row]}” ${columnLabel} ${column + 1} “${columns[column]}”: ${shown}`;
}
