// The plot of the runs on display, along flops, parameters or tokens, with the law's curves once there are some.
import { html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LawReport } from '../../laws/law-report.ts';
import { pickedFigures } from '../figures/style-sets.ts';
import { canRecommend, chinchillaOf } from './optimum.ts';
import {
  lossAxis,
  type PlotVariable,
  pointsOf,
  pointsTable,
  type RecordedRuns,
  type RunsSource,
  runsSeries,
  studyTable,
  variableAxis,
} from './runs.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

const variables: readonly PlotVariable[] = ['flops', 'parameters', 'tokens'];

/** Sends `choose-recorded` (detail: RecordedRuns). */
@customElement('laws-runs')
export class LawsRuns extends LitElement {
  static override readonly styles = pickedFigures();

  @property({ attribute: false }) source: RunsSource = { kind: 'none' };
  @property({ attribute: false }) report: LawReport | undefined;
  /** What ships with the page, of which one may be on display. */
  @property({ attribute: false }) recorded: readonly RecordedRuns[] = [];
  @state() private variable: PlotVariable = 'flops';

  protected override render() {
    const { source, variable, report } = this;
    const points = pointsOf(source);
    if (points.length === 0) return nothing;
    const law = report && canRecommend(report) ? chinchillaOf(report) : undefined;
    const shown = source.kind === 'recorded' ? source.recorded : undefined;
    const table =
      source.kind === 'study' ? studyTable(source.plan, source.rows, undefined) : pointsTable(points);
    return html`<figure-panel heading=${headingOf(source)} fileName="runs" .table=${table}>
      ${shown === undefined ? nothing : this.#recordedChoice(shown)}
      <label slot="controls">
        along
        <select
          @change=${(event: Event) => {
            this.variable = variables[(event.target as HTMLSelectElement).selectedIndex];
          }}
        >
          ${variables.map((one) => html`<option ?selected=${one === variable}>${one}</option>`)}
        </select>
      </label>
      <svg-plot
        .x=${variableAxis(variable)}
        .y=${lossAxis}
        .series=${runsSeries(points, variable, law)}
        .plotHeight=${380}
        .description=${`Validation loss of ${points.length} runs against their ${variable}, on logarithmic axes.`}
      ></svg-plot>
      ${shown === undefined ? nothing : html`<p slot="note">Source: ${shown.source}.</p>`}
    </figure-panel>`;
  }

  #recordedChoice(shown: RecordedRuns) {
    return html`<p class="recorded small">
      <label>
        <strong>Recorded, not of this device:</strong>
        <select
          aria-label="Recorded runs"
          @change=${(event: Event) => {
            const detail = this.recorded[(event.target as HTMLSelectElement).selectedIndex];
            this.dispatchEvent(new CustomEvent<RecordedRuns>('choose-recorded', { detail }));
          }}
        >
          ${this.recorded.map((one) => html`<option ?selected=${one.id === shown.id}>${one.title}</option>`)}
        </select>
      </label>
    </p>`;
  }
}

function headingOf(source: RunsSource): string {
  switch (source.kind) {
    case 'recorded':
      return 'A recorded study';
    case 'file':
      return `Runs of ${source.name}`;
    default:
      return 'Loss of the runs';
  }
}
