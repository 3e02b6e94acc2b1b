// All results of a class at a glance: the table, predicted against measured, guesses beside the outcome, and loss curves.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatCount, formatLoss, formatSi } from '../../text/numbers.ts';
import type { PlotAxis } from '../../text/plot-layout.ts';
import { pickedFigures, stackStyles } from '../figures/style-sets.ts';
import {
  type ClassEntry,
  classTable,
  curveSeries,
  guessBars,
  guessedLessons,
  rateSeries,
} from './collection.ts';
import '../figures/panel.ts';
import '../figures/svg-bars.ts';
import '../figures/svg-plot.ts';

const rateAxis = (label: string): PlotAxis => ({ label, kind: 'log', format: (value) => formatSi(value) });
const predictedAxis = rateAxis('predicted, tokens/s');
const measuredAxis = rateAxis('measured, tokens/s');
const stepAxis: PlotAxis = { label: 'step', kind: 'linear', format: (value) => formatCount(value) };
const lossAxis: PlotAxis = { label: 'loss, nats per token', kind: 'linear', format: formatLoss };

@customElement('class-overview')
export class ClassOverview extends LitElement {
  static override readonly styles = pickedFigures(
    stackStyles,
    css`
      select {
        width: auto;
        max-width: 100%;
      }
    `,
  );

  @property({ attribute: false }) entries: readonly ClassEntry[] = [];
  /** The question whose guesses are shown; the first until another is chosen. */
  @state() private question = '';

  protected override render() {
    const { entries } = this;
    if (entries.length === 0) return nothing;
    const rates = rateSeries(entries);
    const curves = curveSeries(entries);
    return html`<div class="pair">
        ${
          rates.length === 0
            ? nothing
            : html`<figure-panel heading="Predicted against measured, all devices" fileName="class-rates">
                <svg-plot
                  .x=${predictedAxis}
                  .y=${measuredAxis}
                  .series=${rates}
                  description="Tokens per second: predicted across, measured upwards, a point for each result."
                ></svg-plot>
              </figure-panel>`
        }
        ${this.#guesses()}
      </div>
      ${
        curves.length === 0
          ? nothing
          : html`<figure-panel heading="Loss of every run" fileName="class-losses">
              <svg-plot
                .x=${stepAxis}
                .y=${lossAxis}
                .series=${curves}
                description="Loss over steps, a line for each run."
              ></svg-plot>
            </figure-panel>`
      }
      <figure-panel heading="All results" fileName="class" isTable .table=${classTable(entries)}></figure-panel>`;
  }

  #guesses() {
    const lessons = guessedLessons(this.entries);
    const [first] = lessons;
    if (first === undefined) return nothing;
    const shown = lessons.includes(this.question) ? this.question : first;
    return html`<figure-panel heading="Guesses" fileName="class-guesses">
      <select
        slot="controls"
        aria-label="Lesson whose guesses are shown"
        @change=${(event: Event) => {
          this.question = (event.target as HTMLSelectElement).value;
        }}
      >
        ${lessons.map((lesson) => html`<option value=${lesson} ?selected=${lesson === shown}>${lesson}</option>`)}
      </select>
      <svg-bars
        .bars=${guessBars(this.entries, shown)}
        description="How many guessed what, and where the outcomes lie."
      ></svg-bars>
    </figure-panel>`;
  }
}
