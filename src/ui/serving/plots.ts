// The two plots of serving, both against the batch on logarithmic axes.
import { html } from 'lit';
import { formatCount, formatSeconds, formatSi } from '../../text/numbers.ts';
import type { PlotAxis, PlotSeries } from '../../text/plot-layout.ts';
import '../figures/svg-plot.ts';

/** Tokens per second of all texts together. */
export function ratePlot(series: readonly PlotSeries[]) {
  return plot(
    series,
    axis('tokens per second', (value) => formatSi(value)),
    'Tokens per second of all texts together',
  );
}

/** Seconds that one text waits. */
export function waitPlot(series: readonly PlotSeries[]) {
  return plot(series, axis('seconds', formatSeconds), 'Seconds that one text waits');
}

function plot(series: readonly PlotSeries[], y: PlotAxis, what: string) {
  return html`<svg-plot
    .x=${axis('batch', formatCount)}
    .y=${y}
    .series=${series}
    .plotHeight=${300}
    .description=${`${what} against the batch, on logarithmic axes.`}
  ></svg-plot>`;
}

function axis(label: string, format: (value: number) => string): PlotAxis {
  return { label, kind: 'log', format };
}
