// Results of a study as a table: one row a run, also of those that failed; what `fit` reads and what a resumed study skips.
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
  ...['mlpToAttention', 'experts', 'budget', 'seed', 'steps', 'seconds', 'message'],
] as const;

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
    seconds: digits(result.seconds),
    message:
      result.message === undefined
        ? undefined
        : `"${result.message.replace(/\s+/g, ' ').replaceAll('"', '""')}"`,
  };
  return `${columns.map((column) => cells[column] ?? '').join(',')}\n`;
}

/** Names of the runs that a table holds already, and the studies they are of. A last line that was cut off is dropped. */
export function readResults(text: string): { done: Set<string>; studies: Set<string>; whole: string } {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const [, ...lines] = whole.split('\n').filter((line) => line !== '');
  const cells = lines.map((line) => line.split(','));
  return {
    done: new Set(cells.map(([, run]) => run)),
    studies: new Set(cells.map(([study]) => study)),
    whole,
  };
}

/** The runs that a table holds, read back. */
export function readRows(text: string): readonly RunResult[] {
  const [, ...lines] = readResults(text)
    .whole.split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => {
    const cells = line.split(',');
    const cell = (column: (typeof columns)[number]) => cells[columns.indexOf(column)] ?? '';
    // The message is the last cell: what it holds of commas is its own.
    const message = cells.slice(columns.length - 1).join(',');
    const status = statuses.find((known) => known === cell('status')) ?? 'failed';
    return {
      status,
      run: cell('run'),
      loss: cell('loss') === '' ? undefined : Number(cell('loss')),
      seconds: Number(cell('seconds')),
      ...(message === '' ? {} : { message: message.slice(1, -1).replaceAll('""', '"') }),
    };
  });
}

function digits(value: number): number {
  return significant(value, 9);
}
