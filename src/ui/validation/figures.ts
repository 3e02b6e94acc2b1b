// The figures of a validation, of this device or recorded: the scatter of its times, and its errors by kind of work.
import { html } from 'lit';
import type { ValidationRow } from '../../contract/validation.ts';
import { formatPercent, formatSeconds, formatSi } from '../../text/numbers.ts';
import type { PlotAxis, PlotSeries } from '../../text/plot-layout.ts';
import type { Interval } from '../../text/ticks.ts';
import { errorsByKind, scatterDomain, scatterSeries, validationTable } from './data.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';
import { dataTable, heads, numbers } from '../figures/data-table.ts';

/** Times against times, with the diagonal. @param what the description begins with */
export function scatter(series: readonly PlotSeries[], domain: Interval, what: string) {
  return html`<svg-plot
    .x=${axisOf('predicted', domain)}
    .y=${axisOf('measured', domain)}
    .series=${series}
    .plotHeight=${460}
    .description=${`${what} on logarithmic axes, with the diagonal.`}
  ></svg-plot>`;
}

/** The times of a grid. */
export function timesFigure(rows: readonly ValidationRow[], heading: string, fileName: string) {
  const domain = scatterDomain(rows);
  return html`<figure-panel heading=${heading} term="expectation" fileName=${fileName} .table=${validationTable(rows)}>
    ${scatter(scatterSeries(rows, domain), domain, `Scatter of ${rows.length} predicted and measured times`)}
    <p slot="note">Above the diagonal the device was slower than predicted; bars are half the interquartile range.</p>
  </figure-panel>`;
}

/** Median and 90th percentile of the errors, by kind of work. */
export function errorTable(rows: readonly ValidationRow[]) {
  return dataTable(
    'Errors by kind of work',
    [heads('Work'), numbers('Measured'), numbers('Median error'), numbers('90th percentile')],
    errorsByKind(rows).map(({ name, count, median, ninetieth }) => [
      name,
      count,
      formatPercent(median),
      formatPercent(ninetieth),
    ]),
    'errors',
  );
}

/** One of the two axes, which are alike. */
function axisOf(label: string, domain: Interval): PlotAxis {
  return {
    label,
    kind: 'log',
    domain,
    format: (value) => formatSi(value, 's').replace(/\.0+(?=\D|$)/, ''),
    formatValue: formatSeconds,
  };
}
