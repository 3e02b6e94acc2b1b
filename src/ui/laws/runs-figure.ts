// The plot of the runs on display, along flops, parameters or tokens, with the law's curves once there are some.
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { isRateSweep } from '../../laws/learning-rate-law.ts';
import type { LawReport } from '../../laws/report.ts';
import { type ParameterCount, parameterCounts, type RunPoint, runName } from '../../laws/run-point.ts';
import { formatLoss } from '../../text/numbers.ts';
import type { PlotPlace } from '../../text/plot-layout.ts';
import { pickedFigures } from '../figures/style-sets.ts';
import { canRecommend, chinchillaOf } from './optimum.ts';
import { rateSeries } from './rates.ts';
import {
  describeRun,
  type LeftOut,
  leftOutOf,
  lossAxis,
  type PlotVariable,
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

/** In the words of the choice. */
const variableTitles: Partial<Record<PlotVariable, string>> = { learningRate: 'learning rate' };

/** What a law may count as N, by what a person reads. */
const countTitles: Readonly<Record<ParameterCount, string>> = {
  blocks: 'blocks alone',
  withHead: 'with the head',
  all: 'with embeddings',
};

/**
 * Sends `choose-recorded` (detail: RecordedRuns), `choose-count` (detail: ParameterCount), `leave-out` and `take-back`
 * (detail: the names of runs).
 */
@customElement('laws-runs')
export class LawsRuns extends LitElement {
  static override readonly styles = pickedFigures();

  @property({ attribute: false }) source: RunsSource = { kind: 'none' };
  /** The finished runs of the source, N counted as chosen. */
  @property({ attribute: false }) points: readonly RunPoint[] = [];
  /** How N is counted; undefined where the runs have one N only. */
  @property({ attribute: false }) count: ParameterCount | undefined;
  /** Names of the runs that a person left out. */
  @property({ attribute: false }) chosenOut: readonly string[] = [];
  @property({ attribute: false }) report: LawReport | undefined;
  /** What ships with the page, of which one may be on display. */
  @property({ attribute: false }) recorded: readonly RecordedRuns[] = [];
  @state() private variable: PlotVariable = 'flops';
  /** The run that was picked in the plot, by its name. */
  @state() private picked: string | undefined;

  /** Whether the runs differ in their learning rate, which then lies along the plot. */
  #isSweep = false;

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('source')) this.picked = undefined;
    if (!changes.has('points')) return;
    const isSweep = isRateSweep(this.points);
    if (isSweep !== this.#isSweep) this.variable = isSweep ? 'learningRate' : 'flops';
    this.#isSweep = isSweep;
  }

  protected override render() {
    const { source, variable, report, points } = this;
    if (points.length === 0) return nothing;
    const law = report && canRecommend(report) ? chinchillaOf(report) : undefined;
    const shown = source.kind === 'recorded' ? source.recorded : undefined;
    const table =
      source.kind === 'study' ? studyTable(source.plan, source.rows, undefined) : pointsTable(points);
    const leftOut = leftOutOf(report, this.chosenOut);
    const along: readonly PlotVariable[] = this.#isSweep ? [...variables, 'learningRate'] : variables;
    const series = [
      ...runsSeries(points, variable, law, leftOut),
      ...(report && variable === 'learningRate' ? rateSeries(report) : []),
    ];
    return html`<figure-panel heading=${headingOf(source)} fileName="runs" .table=${table}>
      ${shown === undefined ? nothing : this.#recordedChoice(shown)}
      <label slot="controls">
        along
        <select
          @change=${(event: Event) => {
            this.variable = along[(event.target as HTMLSelectElement).selectedIndex];
          }}
        >
          ${along.map(
            (one) => html`<option ?selected=${one === variable}>${variableTitles[one] ?? one}</option>`,
          )}
        </select>
      </label>
      ${this.count === undefined ? nothing : this.#countChoice(this.count)}
      <svg-plot
        .x=${variableAxis(variable)}
        .y=${lossAxis}
        .series=${series}
        .plotHeight=${380}
        .description=${`Validation loss of ${points.length} runs against their ${variableTitles[variable] ?? variable}, on logarithmic axes.`}
        @pick-point=${({ detail }: CustomEvent<PlotPlace>) => {
          this.picked = series[detail.series].points[detail.point].id;
        }}
      ></svg-plot>
      ${this.#leaving(leftOut)}
      ${shown === undefined ? nothing : html`<p slot="note">Source: ${shown.source}.</p>`}
    </figure-panel>`;
  }

  #countChoice(count: ParameterCount) {
    return html`<label slot="controls">
      N
      <select
        @change=${(event: Event) => {
          const chosen = parameterCounts[(event.target as HTMLSelectElement).selectedIndex];
          this.#send('choose-count', chosen);
        }}
      >
        ${parameterCounts.map((one) => html`<option ?selected=${one === count}>${countTitles[one]}</option>`)}
      </select>
    </label>`;
  }

  /** The picked run with what can be done with it, and those that are left out. */
  #leaving(leftOut: LeftOut) {
    const { points, picked, chosenOut } = this;
    const run = points.find((point, index) => runName(point, index) === picked);
    const isOut = picked !== undefined && chosenOut.includes(picked);
    const byRule = leftOut.size - chosenOut.length;
    return html`<p class="small out" aria-live="polite">
      ${
        picked === undefined || run === undefined
          ? 'Pick a run in the plot to leave it out of the fit.'
          : html`${describeRun(run)}, loss ${formatLoss(run.loss)}${isOut || !leftOut.has(picked) ? '' : `, left out: ${leftOut.get(picked)}`}.
            <button @click=${() => this.#send(isOut ? 'take-back' : 'leave-out', [picked])}>
              ${isOut ? 'Take it back' : 'Leave it out'}
            </button>`
      }
      ${
        leftOut.size === 0
          ? nothing
          : html`${leftOut.size} left out (rings): ${chosenOut.length} by choice, ${byRule} by the fit.`
      }
      ${
        chosenOut.length === 0
          ? nothing
          : html`<button @click=${() => this.#send('take-back', chosenOut)}>Take back all that were chosen</button>`
      }
    </p>`;
  }

  #send(name: 'choose-count' | 'leave-out' | 'take-back', detail: ParameterCount | readonly string[]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
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
