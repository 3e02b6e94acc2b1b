// Results of a study as a table: one row a run, also of those that failed; what `fit` reads and what a resumed study skips.
import { significant } from '../../text/rounding.ts';
import type { PlannedRun } from './plan.ts';

/** How a run ended. `stopped`: by the study's rule. */
export type RunStatus = 'finished' | 'diverged' | 'stopped' | 'failed';

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

/** One line of a table. Text is quoted: messages may hold commas. */
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
    message: result.message === undefined ? undefined : `"${result.message.replaceAll('"', '""')}"`,
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

function digits(value: number): number {
  return significant(value, 9);
}
