// A fitted law for the page: its numbers with intervals and the other method beside them, its misfit, and its residuals.
import type { LawReport } from '../../laws/report.ts';
import {
  formatDigits,
  formatFinePercent,
  formatLoss,
  formatPercent,
  formatPower,
  formatShortLoss,
} from '../../text/numbers.ts';
import type { PlotAxis, PlotSeries } from '../../text/plot-layout.ts';
import { significant } from '../../text/rounding.ts';
import type { FigureTable } from '../../text/table.ts';

/** Laws by what a person reads. */
export const lawTitles: Readonly<Record<LawReport['law'], string>> = {
  chinchilla: 'Chinchilla: L = E + A/N^α + B/D^β',
  isoflop: 'IsoFLOP: the best size of each budget',
  envelope: 'Envelope of the curves',
  conditional: 'Conditional: d/√N and r on top of it',
  'u-shape': 'U-shape along one column',
  experts: 'Experts: loss against their number',
  'learning-rate': 'Learning rate: the best of each size',
};

/** Ways to fit by what a person reads. */
export const methodTitles: Readonly<Record<LawReport['method'], string>> = {
  huber: 'Huber on log L, 4,500 starts',
  'variable-projection': 'variable projection',
  'least-squares': 'least squares',
  lowest: 'lowest run of each budget',
  akima: 'Akima spline',
};

const names: Readonly<Record<string, string>> = {
  alpha: 'α',
  beta: 'β',
  kappaX: 'κ of d/√N',
  optimumX: 'best d/√N',
  kappaR: 'κ of r',
  optimumR: 'best r',
  gamma: 'γ',
  c0: 'c₀',
  c1: 'c₁',
  c2: 'c₂',
  factor: 'factor of the best rate',
  exponent: 'exponent of N in it',
  rate: 'best rate',
  optimum: 'best',
  minimum: 'loss at the best',
  logFactorParameters: 'log₁₀ N* at C = 1',
  logFactorTokens: 'log₁₀ D* at C = 1',
  'exponents.parameters': 'a, N* grows as C^a',
  'exponents.tokens': 'b, D* grows as C^b',
};

/** Numbers of the law, a row each: value, 95 % interval, and the same by the other method. */
export function reportTable(report: LawReport): FigureTable {
  const { parameters, exponents, intervals, beside, objective } = report;
  const [other] = beside ?? [];
  const flat = (fit: Pick<LawReport, 'parameters' | 'exponents'>): Record<string, number> => ({
    ...fit.parameters,
    ...(fit.exponents === undefined
      ? {}
      : {
          'exponents.parameters': fit.exponents.parameters,
          'exponents.tokens': fit.exponents.tokens,
        }),
  });
  const otherNumbers: Record<string, number> = other ? flat(other) : {};
  return {
    columns: [
      { label: 'number' },
      { label: 'value', format: digits },
      { label: '95 %, low', format: digits },
      { label: 'high', format: digits },
      ...(other ? [{ label: titleOf(other.method), format: digits }] : []),
    ],
    rows: [
      ...Object.entries(flat({ parameters, ...(exponents ? { exponents } : {}) })).map(([name, value]) => [
        names[name] ?? name,
        value,
        intervals?.[name]?.[0],
        intervals?.[name]?.[1],
        otherNumbers[name],
      ]),
      ['objective', objective, undefined, undefined, other?.objective],
    ],
  };
}

function titleOf(method: string): string {
  return (methodTitles as Readonly<Record<string, string>>)[method] ?? method;
}

function digits(value: number): string {
  if (Math.abs(value) >= 1e6) return formatPower(value);
  return Math.abs(value) < 1e-9 ? '0' : String(significant(value, 4));
}

/** Whether the runs follow the law, in a sentence or two; empty of a law that is not judged. */
export function describeMisfit({ judgement, points, leftOut }: LawReport): string {
  const runs = `${points} runs fitted${leftOut.length > 0 ? `, ${leftOut.length} left out` : ''}.`;
  if (judgement === undefined) return runs;
  const { rmsLogResidual, largestLogResidual, repeatDeviation, f } = judgement;
  const repeats =
    repeatDeviation === undefined
      ? 'There are no repeats to say how much of it is noise.'
      : `Repeats differ by ${formatFinePercent(repeatDeviation)}${f === undefined ? '' : `, lack of fit F ${formatDigits(f)}`}.`;
  return `${runs} The law misses by ${formatFinePercent(rmsLogResidual)} rms, ${formatFinePercent(largestLogResidual)} at worst. ${repeats}`;
}

/** By how much each run lies above the law, against what the law says. */
export function residualSeries({ residuals = [] }: LawReport): readonly PlotSeries[] {
  return [
    {
      id: 'residuals',
      name: 'runs',
      tone: 'class-1',
      kind: 'points',
      radius: residuals.length > 100 ? 2.5 : 4,
      points: residuals.map(({ loss, predicted }) => ({
        x: predicted,
        y: Math.log(loss / predicted),
        name: `loss ${formatLoss(loss)}`,
      })),
    },
  ];
}

/** The axes of residuals. */
export const residualAxes: { readonly x: PlotAxis; readonly y: PlotAxis } = {
  x: { label: 'loss by the law', kind: 'log', format: formatShortLoss, formatValue: formatLoss },
  y: {
    label: 'measured over the law',
    kind: 'linear',
    format: formatPercent,
    formatValue: formatFinePercent,
  },
};

/** The same as numbers. */
export function residualTable({ residuals = [] }: LawReport): FigureTable {
  return {
    columns: [
      { label: 'run' },
      { label: 'loss', format: formatLoss },
      { label: 'by the law', format: formatLoss },
      { label: 'off by', format: formatFinePercent },
    ],
    rows: residuals.map(({ loss, predicted }, index) => [
      String(index + 1),
      loss,
      predicted,
      Math.log(loss / predicted),
    ]),
  };
}
