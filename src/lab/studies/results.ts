// Results of a study as a table: one row a run, also of those that failed; what `fit` reads and what a resumed study skips.
import type { StudyRow } from '../../contract/laws.ts';
import { countColumn, parameterCounts } from '../../laws/run-point.ts';
import { readCells } from '../../laws/runs-table.ts';
import { significant } from '../../text/rounding.ts';
import type { PlannedRun } from './plan.ts';

/** How a run ended. `stopped`: by the study's rule. */
const statuses = ['finished', 'diverged', 'stopped', 'failed'] as const satisfies StudyRow['status'][];

const columns = [
  ...['study', 'run', 'trunk', 'status', 'parameters', 'tokens', 'loss', 'flops', 'width', 'ratio'],
  ...[
    'mlpToAttention',
    'experts',
    'budget',
    'seed',
    'steps',
    'learningRate',
    ...parameterCounts.map(countColumn),
  ],
  ...['seconds', 'message'],
];

/** The first line of a table. */
export function resultsHeader(): string {
  return `${columns.join(',')}\n`;
}

/** One line of a table; the message on one line, too. */
export function resultsLine(study: string, planned: PlannedRun, result: StudyRow): string {
  const { shape, experiment, tokens, flops, budget, seed, trunk } = planned;
  const { model, train } = experiment;
  const cells: Readonly<Record<string, string | number | undefined>> = {
    study,
    trunk,
    tokens,
    flops,
    budget,
    seed,
    run: result.run,
    status: result.status,
    parameters: shape.parameters,
    loss: result.loss,
    width: shape.width,
    ratio: digits(shape.ratio),
    mlpToAttention: digits(shape.mlpToAttention),
    experts: model.experts > 0 ? model.experts : 1,
    steps: train.steps,
    learningRate: train.optimizer.learningRate,
    ...Object.fromEntries(parameterCounts.map((count) => [countColumn(count), shape.counts[count]])),
    seconds: digits(result.seconds),
    message: result.message?.replace(/\s+/g, ' '),
  };
  return lineOf((column) => String(cells[column] ?? ''));
}

/** A row as the text of its column; empty where there is none. */
type Row = (column: string) => string;

/** A row as its line, what holds a comma in quotes. */
function lineOf(row: Row): string {
  const cells = columns.map(row);
  return `${cells.map((cell) => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
}

/**
 * Names of the runs that a table holds already, the studies they are of, and its whole lines. A last line that was cut off
 * is dropped; a table of earlier columns gets those of today, empty where it does not know.
 */
export function readResults(text: string): { done: Set<string>; studies: Set<string>; whole: string } {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1);
  const rows = readByColumn(lines);
  const isCurrent = lines === '' || lines.startsWith(resultsHeader());
  return {
    done: new Set(rows.map((cell) => cell('run'))),
    studies: new Set(rows.map((cell) => cell('study'))),
    whole: isCurrent ? lines : resultsHeader() + rows.map(lineOf).join(''),
  };
}

/** The runs that a table holds, read back. */
export function readRows(text: string): readonly StudyRow[] {
  return readByColumn(readResults(text).whole).map((cell) => {
    const message = cell('message');
    const loss = cell('loss');
    return {
      status: statuses.find((known) => known === cell('status')) ?? 'failed',
      run: cell('run'),
      loss: loss === '' ? undefined : Number(loss),
      seconds: Number(cell('seconds')),
      ...(message === '' ? {} : { message }),
    };
  });
}

/** By the names of the head line: an earlier table has other columns, and a spreadsheet may have moved and quoted them. */
function readByColumn(text: string): readonly Row[] {
  const [head = [], ...rows] = readCells(text).rows;
  return rows.map((cells) => (column) => cells[head.indexOf(column)] ?? '');
}

function digits(value: number): number {
  return significant(value, 9);
}
