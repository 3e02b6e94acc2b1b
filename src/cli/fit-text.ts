// A fitted law as text for people.

import { usualRateOf } from '../laws/learning-rate-law.ts';
import type { LawReport, TestScore } from '../laws/report.ts';
import { textColumns } from '../text/columns.ts';
import { formatDigits, formatFinePercent } from '../text/numbers.ts';
import { significant } from '../text/rounding.ts';

/** The report, from what was fitted down to what to beware of. */
export function describeFit(report: LawReport): string {
  const { parameters, exponents, intervals, judgement, test, tasks, beside, warnings } = report;
  const interval = (name: string) => {
    const [low, high] = intervals?.[name] ?? [];
    return low === undefined || high === undefined
      ? ''
      : `  95 %: ${formatDigits(low)} to ${formatDigits(high)}`;
  };
  const rows: (readonly [string, string])[] = [
    ['law', [report.law, report.form, `by ${report.method}`].filter(Boolean).join(', ')],
    ['runs', `${report.points}, ${report.leftOut.length} left out`],
    ...Object.entries(parameters).map(
      ([name, value]) => [name, `${digits(value)}${interval(name)}`] as const,
    ),
    ['objective', digits(report.objective)],
  ];
  if (exponents) {
    rows.push(
      ['best N grows as', `C^${formatDigits(exponents.parameters)}${interval('exponents.parameters')}`],
      ['best D grows as', `C^${formatDigits(exponents.tokens)}${interval('exponents.tokens')}`],
    );
  }
  if (judgement) {
    const { rmsLogResidual, largestLogResidual, repeatDeviation, f, obeys } = judgement;
    rows.push([
      'misfit',
      `${formatFinePercent(rmsLogResidual)} rms, ${formatFinePercent(largestLogResidual)} at worst`,
    ]);
    if (repeatDeviation !== undefined) rows.push(['repeats differ by', formatFinePercent(repeatDeviation)]);
    if (f !== undefined) rows.push(['lack of fit F', formatDigits(f)]);
    rows.push(['follows the law', obeys ? 'yes' : 'no']);
  }
  if (test) rows.push(['on unseen runs', describeScore(test)]);
  for (const other of beside ?? []) {
    const numbers = Object.entries(other.parameters).map(([name, value]) => `${name} ${digits(value)}`);
    rows.push([other.method, numbers.join(', ')]);
  }
  const steps = (tasks ?? []).map(({ fitted, tested, all, nearest }) => [
    fitted.map(formatDigits).join(', '),
    formatDigits(tested),
    describeScore(all),
    nearest ? describeScore(nearest) : '–',
  ]);
  const rates = (report.rates ?? []).map((curve) => {
    const { parameters: n, tokens, best, refusal } = curve;
    return [
      formatDigits(n),
      formatDigits(tokens),
      best ? formatDigits(best.rate) : `none: ${refusal}`,
      best?.interval ? best.interval.map(formatDigits).join(' to ') : '–',
      formatDigits(usualRateOf(curve)),
    ];
  });
  return [
    textColumns(rows),
    ...(steps.length > 0
      ? [textColumns([['fitted N', 'tested N', 'from all', 'from the nearest only'], ...steps])]
      : []),
    ...(rates.length > 0
      ? [textColumns([['N', 'D', 'best rate', '95 %', 'usual, by N of the blocks'], ...rates])]
      : []),
    ...warnings.map((warning) => `! ${warning}`),
  ].join('\n');
}

function describeScore({ points, meanSquaredError, spearman }: TestScore): string {
  return `${points} runs, MSE ${formatDigits(meanSquaredError)}, Spearman ${formatDigits(spearman)}`;
}

function digits(value: number): string {
  return String(significant(value, 6));
}
