// What `flopscope predict` says about terms: closed form, named differences and plan, for people.

import type { NamedFlops, TermReport, TermRow, TermTable } from '../../contract/terms.ts';
import { textColumns } from '../../text/columns.ts';
import { formatSi } from '../../text/numbers.ts';

/** The training step term by term with its reasons, and the totals of every other work. */
export function describeTermReport({ convention, tables }: TermReport): string {
  const training = tables.filter(({ work }) => work === 'training');
  const others = tables.filter(({ work }) => work !== 'training');
  return [...training.map(describeTable), describeTotals(others), convention].join('\n\n');
}

function describeTable({ title, rows, total }: TermTable): string {
  const seconds = ({ predictedSeconds = 0 }: TermRow): string[] =>
    total.predictedSeconds === undefined ? [] : [formatSi(predictedSeconds, 's')];
  const cells = (row: TermRow): string[] => [
    row.term,
    flops(row.closedFlops),
    flops(row.usefulFlops - row.closedFlops),
    flops(row.usefulFlops),
    flops(row.launchedFlops),
    formatSi(row.bytes, 'B'),
    formatSi(row.activations, '').trim(),
    formatSi(row.parameters, '').trim(),
    ...seconds(row),
  ];
  const heads = [title, 'closed form', '+ named', '= plan', 'launched', 'bytes', 'activations', 'parameters'];
  if (total.predictedSeconds !== undefined) heads.push('expected');
  const reasons = (of: readonly NamedFlops[], title: string) =>
    of.length === 0
      ? []
      : [[title, '', ''], ...of.map(({ name, flops: size, note }) => [name, flops(size), note])];
  return [
    textColumns([heads, ...[...rows, total].map(cells)]),
    textColumns([
      ...reasons(total.differences, 'named: plan − closed form'),
      ...reasons(total.waste, 'waste: launched − plan'),
      ['unexplained', flops(total.unexplainedFlops), ''],
    ]),
  ].join('\n\n');
}

function describeTotals(tables: readonly TermTable[]): string {
  return textColumns([
    ['', 'closed form', '+ named', '= plan', 'launched', 'bytes'],
    ...tables.map(({ title, total }) => [
      title,
      flops(total.closedFlops),
      flops(total.usefulFlops - total.closedFlops),
      flops(total.usefulFlops),
      flops(total.launchedFlops),
      formatSi(total.bytes, 'B'),
    ]),
  ]);
}

function flops(value: number): string {
  return formatSi(value, 'FLOP');
}
