// Results of a study as a table: one row a run, also of those that failed; what `fit` reads and what a resumed study skips.
import { countColumn, parameterCounts } from '../../laws/run-point.ts';
import { significant } from '../../text/rounding.ts';
import type { PlannedRun } from './plan.ts';

/** How a run ended. `stopped`: by the study's rule. */
const statuses = ['finished', 'diverged', 'stopped', 'failed'] as const;

/** How a run ended. */
export type RunStatus = (typeof statuses)[number];

/** A run that is over. */
export interface RunResult {
  readonly run: string;
  readonly status: RunStatus;
  /** Validation loss in nats per token; undefined unless finished. */
  readonly loss: number | undefined;
  /** Wall time of this run's own steps and evaluation. */
  readonly seconds: number;
  /** What went wrong. */
  readonly message?: string;
}

const columns = [
  ...['study', 'run', 'trunk', 'status', 'parameters', 'tokens', 'loss', 'flops', 'width', 'ratio'],
  ...['mlpToAttention', 'experts', 'budget', 'seed', 'steps', ...parameterCounts.map(countColumn)],
  ...['seconds', 'message'],
];

/** The first line of a table. */
export function resultsHeader(): string {
  return `${columns.join(',')}\n`;
}

/** One line of a table. The message is quoted, for it may hold commas, and on one line. */
export function resultsLine(study: string, planned: PlannedRun, result: RunResult): string {
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
    ...Object.fromEntries(parameterCounts.map((count) => [countColumn(count), shape.counts[count]])),
    seconds: digits(result.seconds),
    message:
      result.message === undefined
        ? undefined
        : `"${result.message.replace(/\s+/g, ' ').replaceAll('"', '""')}"`,
  };
  return `${columns.map((column) => cells[column] ?? '').join(',')}\n`;
}

/**
 * Names of the runs that a table holds already, the studies they are of, and its whole lines. A last line that was cut off
 * is dropped; a table of earlier columns gets those of today, empty where it does not know.
 */
export function readResults(text: string): { done: Set<string>; studies: Set<string>; whole: string } {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1);
  const rows = rowsOf(lines);
  const isCurrent = lines === '' || lines.startsWith(resultsHeader());
  return {
    done: new Set(rows.map((cell) => cell('run'))),
    studies: new Set(rows.map((cell) => cell('study'))),
    whole: isCurrent
      ? lines
      : resultsHeader() + rows.map((cell) => `${columns.map(cell).join(',')}\n`).join(''),
  };
}

/** The runs that a table holds, read back. */
export function readRows(text: string): readonly RunResult[] {
  return rowsOf(readResults(text).whole).map((cell) => {
    const message = cell('message');
    const loss = cell('loss');
    return {
      status: statuses.find((known) => known === cell('status')) ?? 'failed',
      run: cell('run'),
      loss: loss === '' ? undefined : Number(loss),
      seconds: Number(cell('seconds')),
      ...(message === '' ? {} : { message: message.slice(1, -1).replaceAll('""', '"') }),
    };
  });
}

/** The cells of each line by their columns, as they are written; '' for a column that the table has not. */
function rowsOf(whole: string): readonly ((column: string) => string)[] {
  const [header = '', ...lines] = whole.split('\n').filter((line) => line !== '');
  const titles = header.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    // The message is the last cell: what it holds of commas is its own.
    const last = titles.length - 1;
    return (column) => {
      const index = titles.indexOf(column);
      return (index === last ? cells.slice(last).join(',') : cells[index]) ?? '';
    };
  });
}

function digits(value: number): number {
  return significant(value, 9);
}
