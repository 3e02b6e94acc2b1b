// What a comparison answers: which model has the lowest held-out loss once all have done as many flops, and how sure that is.
import type { ComparedModel } from '../../contract/comparison.ts';
import type { RunRecord } from '../../contract/records.ts';
import { formatCount, formatDuration, formatLoss, formatSi } from '../../text/numbers.ts';
import type { FigureTable } from '../../text/table.ts';

/** One run of a comparison. */
export interface ComparisonRun {
  /** Which of the models. */
  readonly index: number;
  readonly record: Pick<RunRecord, 'evaluations' | 'steps'>;
}

/** What one model reached. */
export interface ModelResult {
  readonly title: string;
  /** Held-out losses at equal flops, one a seed. */
  readonly losses: readonly number[];
  readonly mean: number;
  /** Half of the 95 % interval of the mean; undefined of a single seed. */
  readonly halfWidth: number | undefined;
  readonly seconds: number;
}

/** The results, the lowest loss first. */
export interface ComparisonResult {
  /** Training flops that all runs have done. */
  readonly flops: number;
  readonly models: readonly ModelResult[];
  /** Of the second's mean over the first's, with its 95 % interval where seeds allow one. */
  readonly lead: { readonly mean: number; readonly halfWidth: number | undefined } | undefined;
}

/** Student's t, 97.5 %, by degrees of freedom from 1. */
const studentT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306] as const;

/** Results of the runs so far; undefined before a model has a held-out loss. */
export function comparisonResult(
  models: readonly Pick<ComparedModel, 'title'>[],
  runs: readonly ComparisonRun[],
): ComparisonResult | undefined {
  const evaluated = runs.filter(({ record }) => record.evaluations.length > 0);
  if (evaluated.length === 0) return undefined;
  const flops = Math.min(...evaluated.map(({ record }) => record.evaluations.at(-1)?.flops ?? 0));
  const results = models.flatMap(({ title }, index): ModelResult[] => {
    const own = evaluated.filter((run) => run.index === index);
    if (own.length === 0) return [];
    const losses = own.map(({ record }) => lossAt(record.evaluations, flops));
    const seconds = meanOf(own.map(({ record }) => record.steps.at(-1)?.seconds ?? 0));
    const halfWidth =
      losses.length < 2 ? undefined : tOf(losses.length - 1) * Math.sqrt(varianceOf(losses) / losses.length);
    return [{ title, losses, mean: meanOf(losses), halfWidth, seconds }];
  });
  const sorted = results.sort((a, b) => a.mean - b.mean);
  const [first, second] = sorted;
  return { flops, models: sorted, lead: first && second && leadOf(first, second) };
}

/** The result in a sentence or two. */
export function answerText({ flops, models, lead }: ComparisonResult): string {
  const [first, second] = models;
  if (!first || !second || !lead) return '';
  const spent = `${formatSi(flops, 'FLOP')} of training each`;
  const reached = `${first.title} reached ${lossText(first)}, ${second.title} ${lossText(second)}`;
  const ahead = formatLoss(lead.mean);
  if (lead.halfWidth === undefined)
    return `${first.title} learned most from ${spent}: ${reached}. One seed a model cannot say how much of the ${ahead} between them is chance.`;
  const [from, to] = [lead.mean - lead.halfWidth, lead.mean + lead.halfWidth];
  const interval = `${ahead} (95 %: ${formatLoss(from)} to ${formatLoss(to)})`;
  return from > 0
    ? `${first.title} learned most from ${spent}: ${reached}, a lead of ${interval} over ${formatCount(first.losses.length)} seeds.`
    : `No difference that these seeds can show between the best two after ${spent}: ${reached}, apart by ${interval}.`;
}

/** One row a model. */
export function resultTable({ flops, models }: ComparisonResult): FigureTable {
  const best = models[0]?.mean ?? 0;
  return {
    columns: [
      { label: 'Model', room: 'medium' },
      { label: `Validation loss at ${formatSi(flops, 'FLOP')}`, format: formatLoss },
      { label: '± (95 %)', format: formatLoss },
      { label: 'Above the best', format: formatLoss },
      { label: 'Seeds', format: formatCount },
      { label: 'Seconds of training', format: formatDuration },
    ],
    rows: models.map(({ title, mean, halfWidth, losses, seconds }) => [
      title,
      mean,
      halfWidth,
      mean - best,
      losses.length,
      seconds,
    ]),
  };
}

function lossText({ mean, halfWidth }: ModelResult): string {
  return halfWidth === undefined ? formatLoss(mean) : `${formatLoss(mean)} ± ${formatLoss(halfWidth)}`;
}

/** The held-out loss after so many flops, on the line between the evaluations around. */
function lossAt(evaluations: RunRecord['evaluations'], flops: number): number {
  const next = evaluations.findIndex((one) => one.flops >= flops);
  const [before, after] = [evaluations[next - 1], evaluations[next] ?? evaluations.at(-1)];
  if (!after) return Number.NaN;
  if (!before || after.flops === before.flops) return after.loss;
  const share = (flops - before.flops) / (after.flops - before.flops);
  return before.loss + share * (after.loss - before.loss);
}

/** Welch's interval of the difference of two means, with the smaller of their degrees of freedom, which is on the safe side. */
function leadOf(first: ModelResult, second: ModelResult): NonNullable<ComparisonResult['lead']> {
  const mean = second.mean - first.mean;
  const fewest = Math.min(first.losses.length, second.losses.length);
  if (fewest < 2) return { mean, halfWidth: undefined };
  const error = Math.sqrt(
    varianceOf(first.losses) / first.losses.length + varianceOf(second.losses) / second.losses.length,
  );
  return { mean, halfWidth: tOf(fewest - 1) * error };
}

function tOf(freedom: number): number {
  return studentT[Math.min(freedom, studentT.length) - 1] ?? studentT[0];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample, over n − 1. */
function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
