// A measured step as tables for people: every dispatch, then what they sum to by kernel and by term.

import type { KernelRow, KernelTable } from '../contract/kernels.ts';
import { type KernelTotal, totalOf } from '../lab/cost/kernel-table.ts';
import { textColumns } from '../text/columns.ts';
import { formatPercent, formatRatio, formatSi, unknown } from '../text/numbers.ts';

/** A column: its head and how it stands. */
interface Column {
  readonly head: string;
  readonly isText?: boolean;
}

const figureColumns: readonly Column[] = [
  { head: 'flops' },
  { head: 'bytes' },
  { head: 'limit' },
  { head: 'predicted' },
  { head: 'measured' },
  { head: 'ratio' },
];

/** Characters of a shape at most; the rest is cut, because some kernels have many dims. */
const shapeWidth = 48;

/** The whole text. */
export function describeProfile(
  table: KernelTable,
  totals: { readonly kernel: readonly KernelTotal[]; readonly term: readonly KernelTotal[] },
  where: { readonly device: string; readonly trace?: string },
): string {
  const { rows, accumulation = 1, stepSeconds, sumOverStep, method } = table;
  const whole = totalOf('whole step', rows, accumulation);
  const name: Column = { head: 'kernel', isText: true };
  const shape: Column = { head: 'shape', isText: true };
  const bound: Column = { head: 'bound by', isText: true };
  const dispatches: Column = { head: 'dispatches' };
  const share: Column = { head: 'share' };
  const sums = (list: readonly KernelTotal[], head: string) =>
    columnsUnder(
      [{ head, isText: true }, dispatches, ...figureColumns, share],
      [...list, whole].map((total) => [
        total.name,
        String(total.dispatches),
        ...figures(total),
        shareOf(total, whole),
      ]),
    );
  const repeats = accumulation > 1 ? `; all but the update run ${accumulation} times in a step` : '';
  const facts: (readonly [string, string])[] = [
    ['device', where.device],
    ['measured by', method],
    ['dispatches', `${rows.length}${repeats}`],
    ...(stepSeconds === undefined || sumOverStep === undefined
      ? []
      : ([
          ['step, not profiled', formatSi(stepSeconds, 's')],
          ['rows, summed', `${formatPercent(sumOverStep)} of it`],
        ] as const)),
    ...(where.trace === undefined ? [] : ([['trace', where.trace]] as const)),
  ];
  return [
    columnsUnder(
      [name, shape, ...figureColumns, bound],
      rows.map((row) => [row.kernel, cut(row.shape), ...figures(row), row.boundBy]),
    ),
    sums(totals.kernel, 'kernel'),
    sums(totals.term, 'term'),
    textColumns(facts),
  ].join('\n\n');
}

function figures(item: KernelRow | KernelTotal): string[] {
  const { predictedSeconds, measuredSeconds } = item;
  const ratio =
    predictedSeconds && measuredSeconds !== undefined ? measuredSeconds / predictedSeconds : undefined;
  return [
    formatSi(item.usefulFlops, 'FLOP'),
    formatSi(item.bytes, 'B'),
    seconds(item.limitSeconds),
    seconds(predictedSeconds),
    seconds(measuredSeconds),
    formatRatio(ratio),
  ];
}

function shareOf(total: KernelTotal, whole: KernelTotal): string {
  const [part, all] = [total.measuredSeconds, whole.measuredSeconds];
  return part === undefined || !all ? unknown : formatPercent(part / all);
}

const seconds = (value: number | undefined): string => formatSi(value, 's');

const cut = (text: string): string =>
  text.length <= shapeWidth ? text : `${text.slice(0, shapeWidth - 1)}…`;

/** Columns under their heads: text to the left, figures to the right. */
function columnsUnder(heads: readonly Column[], rows: readonly (readonly string[])[]): string {
  return textColumns(
    [heads.map(({ head }) => head), ...rows],
    heads.map(({ isText }) => (isText ? 'left' : 'right')),
  );
}
