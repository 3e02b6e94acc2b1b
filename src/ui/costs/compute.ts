// Chinchilla's law as curves of equal work, the best points of a budget, and their table.

import { formatCompact, formatLoss, formatPower, formatTick } from '../../text/numbers.ts';
import type { PlotAxis, PlotPoint, PlotSeries, Sign, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { type Interval, spread } from '../../text/ticks.ts';
import {
  type ComputeOptimum,
  chinchillaLoss,
  closedFormOptimum,
  gridOptimum,
  publishedFit,
  ratioOptimum,
} from '../../theory/chinchilla.ts';
import { type Counting, workUnit } from './inputs.ts';

/** The figure of one budget. */
export interface ComputeFigure {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly series: readonly PlotSeries[];
  readonly optima: readonly ComputeOptimum[];
  readonly table: FigureTable;
  readonly description: string;
}

/** Budgets that the slider reaches, flops with a multiply-add as two; the law was fitted on 6e18 to 3e21. */
export const budgetEnds: Interval = [1e17, 1e27];

const signs: readonly (readonly [tone: Tone, sign: Sign])[] = [
  ['train', 'diamond'],
  ['validation', 'ring'],
  ['predicted', 'square'],
];

/** Curves for a tenth, one and ten times the budget (flops, a multiply-add as two), with the best points of the budget. */
export function computeFigure(flops: number, tokensPerParameter: number, counting: Counting): ComputeFigure {
  const closed = closedFormOptimum(flops);
  const grid = gridOptimum(flops);
  const optima = [closed, ...(grid ? [grid] : []), ratioOptimum(flops, tokensPerParameter)];
  const unit = workUnit(counting);
  const shown = (budget: number): string => `C = ${formatPower((budget * counting) / 2)} ${unit}`;
  const sizes = spread('log', [closed.parameters / 40, closed.parameters * 40], 65);
  const curve = (factor: number, tone: Tone, isDashed: boolean): PlotSeries => {
    const budget = flops * factor;
    const points = sizes.map((size): PlotPoint => {
      const tokens = budget / (6 * size);
      return { x: size, y: chinchillaLoss(size, tokens), detail: `D ${formatPower(tokens)} tokens` };
    });
    return { id: `${factor}`, name: shown(budget), tone, kind: 'line', isDashed, points };
  };
  const best = optima.map((optimum, index): PlotSeries => {
    const [tone, sign] = signs[optima.length === 2 && index === 1 ? 2 : index] ?? ['ink', 'circle'];
    const point = {
      x: optimum.parameters,
      y: optimum.loss,
      detail: `D ${formatPower(optimum.tokens)} tokens`,
    };
    return {
      id: optimum.method,
      name: optimum.method,
      tone,
      kind: 'points',
      sign,
      radius: 5.5,
      points: [point],
    };
  });
  return {
    x: { label: 'parameters N', kind: 'log', format: formatTick, formatValue: formatPower },
    y: {
      label: 'loss L(N, D), nats per token',
      kind: 'linear',
      domain: [closedFormOptimum(flops * 10).loss - 0.06, closedFormOptimum(flops / 10).loss + 0.5],
      format: formatTick,
      formatValue: formatLoss,
    },
    series: [curve(0.1, 'class-4', true), curve(1, 'ink', false), curve(10, 'class-1', true), ...best],
    optima,
    table: optimaTable(optima),
    description: `Loss by the published fit against parameters, along ${shown(flops)} and a tenth and ten times of it. ${optima
      .map(({ method, parameters, tokens, loss }) => {
        return `${method}: N ${formatCompact(parameters)}, D ${formatCompact(tokens)}, loss ${formatLoss(loss)}`;
      })
      .join('; ')}.`,
  };
}

function optimaTable(optima: readonly ComputeOptimum[]): FigureTable {
  return {
    columns: [
      { label: 'Method' },
      { label: 'N, parameters', format: formatCompact },
      { label: 'D, tokens', format: formatCompact },
      { label: 'D / N', format: formatPower },
      { label: 'L, nats per token', format: formatLoss },
    ],
    rows: optima.map(({ method, parameters, tokens, tokensPerParameter, loss }) => {
      return [method, parameters, tokens, tokensPerParameter, loss];
    }),
  };
}

/** The law with its numbers, for a caption. */
export function fitText(): string {
  const { irreducible, parameterFactor, parameterExponent, tokenFactor, tokenExponent } = publishedFit;
  return `L(N, D) = ${irreducible} + ${parameterFactor} / N^${parameterExponent} + ${tokenFactor} / D^${tokenExponent}`;
}
