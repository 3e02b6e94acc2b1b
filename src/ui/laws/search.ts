// The search in the page: a size, data and a limit of loss; the shapes that are tried, and the fastest model that is good enough.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { StudyJson } from '../../contract/laws.ts';
import type { FoundShapes, SearchEvent } from '../../contract/search.ts';
import type { LawReport } from '../../laws/report.ts';
import type { ParameterCount, RunPoint } from '../../laws/run-point.ts';
import type { PlotPlace } from '../../text/plot-layout.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import {
  areShaped,
  describeFound,
  describeShape,
  foundSeries,
  foundTable,
  namedOf,
  nameOf,
  speedAxis,
} from './found.ts';
import { lossAxis } from './runs.ts';
import { fieldLabels, readFields, type SearchFields, usualFields } from './search-fields.ts';
import { choiceStyles } from './styles.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

/** Where a search stands. */
type Progress =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly isStopping: boolean; readonly what: string; readonly share: number };

/** Sends `calibrate-device`. */
@customElement('laws-search')
export class LawsSearch extends LitElement {
  static override readonly styles = workPanel(
    stackStyles,
    choiceStyles,
    css`
      progress {
        width: min(100%, 320px);
      }
      .choices {
        margin-top: 8px;
      }
      .named {
        display: grid;
        gap: 6px;
        margin-top: 8px;
      }
    `,
  );

  @property({ attribute: false }) access: RoomAccess | undefined;
  @property({ attribute: false }) points: readonly RunPoint[] = [];
  /** Names of runs that a person left out of the fit. */
  @property({ attribute: false }) leaveOut: readonly string[] = [];
  /** The law on display, whose form is taken where it is the conditional law. */
  @property({ attribute: false }) report: LawReport | undefined;
  @property({ attribute: false }) count: ParameterCount | undefined;
  /** Whose recipe is taken; undefined for runs that came without one. */
  @property({ attribute: false }) study: StudyJson | undefined;
  /** Another number is another set of runs. */
  @property({ attribute: false }) runsSet = 0;
  /** Why it cannot be run now; empty when it can. */
  @property({ attribute: false }) obstacle = '';
  @property({ attribute: false }) canCalibrate = false;
  /** Whether speeds can be predicted: the device is calibrated. */
  @property({ attribute: false }) isCalibrated = false;
  @state() private fields: SearchFields = usualFields([], undefined);
  @state() private isMeasured = true;
  @state() private progress: Progress = { kind: 'none' };
  @state() private found: FoundShapes | undefined;
  @state() private refusal = '';
  /** The candidate that was picked in the plot. */
  @state() private picked: number | undefined;

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('isCalibrated')) this.isMeasured = !this.isCalibrated;
    if (changes.has('runsSet')) this.#forget();
    // A study has no size that was run until its first row comes.
    if (changes.has('runsSet') || this.fields.parameters === '')
      this.fields = usualFields(this.points, this.study);
  }

  protected override render() {
    if (this.points.length === 0) return nothing;
    if (!areShaped(this.points))
      return html`<section class="panel" aria-labelledby="title">
        <div class="head"><h2 id="title">Search a shape</h2></div>
        <p class="muted">
          The fastest model that is good enough is searched by the conditional law, which needs runs that differ in d/√N and in
          r: the study “shapes”, or a CSV with columns parameters, tokens, loss, ratio and mlpToAttention.
        </p>
      </section>`;
    return html`<section class="panel" aria-labelledby="title">
        <div class="head">
          <h2 id="title">Search a shape</h2>
          ${this.#buttons()}
        </div>
        <p>
          Which width, and how much of N in attention: the lowest loss (Panda), and the fastest within a loss (Surefire), by the
          conditional law of these runs and this device’s speed.
        </p>
        <div class="choices">
          ${(Object.keys(fieldLabels) as (keyof SearchFields)[]).map((field) => this.#field(field))}
          <label>
            Speeds
            <select
              @change=${(event: Event) => {
                this.isMeasured = (event.target as HTMLSelectElement).selectedIndex === 1;
              }}
            >
              <option ?disabled=${!this.isCalibrated} .selected=${!this.isMeasured}>
                ${this.isCalibrated ? 'predicted' : 'predicted (calibrate first)'}
              </option>
              <option .selected=${this.isMeasured}>measured</option>
            </select>
          </label>
        </div>
        <div aria-live="polite">${this.#status()}</div>
      </section>
      ${this.found === undefined ? nothing : this.#figures(this.found)}`;
  }

  #field(field: keyof SearchFields) {
    return html`<label>
      ${fieldLabels[field]}
      <input
        inputmode="decimal"
        .value=${this.fields[field]}
        @change=${(event: Event) => {
          this.fields = { ...this.fields, [field]: (event.target as HTMLInputElement).value };
        }}
      />
    </label>`;
  }

  #buttons() {
    const { progress, obstacle, isCalibrated, canCalibrate } = this;
    if (progress.kind === 'running')
      return html`<button ?disabled=${progress.isStopping} @click=${this.#stop}>Stop</button>`;
    return html`${
      isCalibrated || !canCalibrate
        ? nothing
        : html`<button
            ?disabled=${obstacle !== ''}
            @click=${() => this.dispatchEvent(new CustomEvent('calibrate-device'))}
          >
            Calibrate
          </button>`
    }
    <button class="primary" ?disabled=${obstacle !== '' || this.access === undefined} @click=${this.#search}>Search</button>`;
  }

  #status() {
    const { progress, found, refusal, obstacle } = this;
    if (progress.kind === 'running')
      return html`<p>
        <progress max="1" .value=${progress.share} aria-label="Progress of the search"></progress>
        ${progress.isStopping ? 'Stopping after the work in hand.' : `${progress.what} …`}
      </p>`;
    if (refusal !== '') return html`<p class="bad">${refusal}</p>`;
    if (obstacle !== '') return html`<p class="muted">${obstacle}</p>`;
    return found === undefined ? nothing : html`<p>${describeFound(found)}</p>`;
  }

  #figures(found: FoundShapes) {
    const series = foundSeries(found);
    const { picked, isMeasured } = { picked: this.picked, isMeasured: found.isMeasured };
    const named = namedOf(found);
    const shown = picked === undefined || named.includes(picked) ? named : [...named, picked];
    return html`<figure-panel
      heading="Loss against speed"
      fileName="search"
      .table=${foundTable(found)}
      .isTableShown=${true}
    >
      <svg-plot
        .x=${speedAxis(isMeasured)}
        .y=${lossAxis}
        .series=${series}
        .rules=${[{ axis: 'y', value: found.lossLimit, label: 'limit' }]}
        .plotHeight=${340}
        .description=${`Loss of ${found.shapes.length} shapes against the tokens of an answer a second, with the front of those that none beats in both.`}
        @pick-point=${({ detail }: CustomEvent<PlotPlace>) => {
          this.picked = Number(series[detail.series].points[detail.point].id);
        }}
      ></svg-plot>
      <div class="named">
        ${shown.map(
          (index) =>
            html`<p class="row">
              <span><strong>${nameOf(found, index)}</strong>: ${describeShape(found, index)}</span>
              <button
                @click=${() => {
                  this.access?.useExperiment(found.shapes[index].experiment);
                  location.hash = 'train';
                }}
              >
                Open ${nameOf(found, index)} in Train
              </button>
            </p>`,
        )}
      </div>
      <p slot="note">
        Pick a point in the plot to open its model. Prompt and answer are timed together. ${found.warnings.join(' ')}
      </p>
    </figure-panel>`;
  }

  readonly #search = async (): Promise<void> => {
    const { access, points, study, count, leaveOut, report, isMeasured } = this;
    const read = readFields(this.fields);
    this.refusal = read.kind === 'refused' ? read.message : '';
    if (access === undefined || read.kind === 'refused') return;
    this.#forget();
    this.progress = { kind: 'running', isStopping: false, what: 'Preparing', share: 0 };
    const order = {
      wish: read.wish,
      train: read.train,
      points,
      leaveOut,
      isMeasured,
      ...(study === undefined ? {} : { study }),
      ...(count === undefined ? {} : { count }),
      form: report?.form ?? ('multiplicative' as const),
    };
    const { runsSet } = this;
    const result = await access.attempt('', (lab) =>
      lab.searchShapes(order, (event) => {
        if (runsSet === this.runsSet) this.#take(event);
      }),
    );
    this.progress = { kind: 'none' };
    if (runsSet !== this.runsSet) return; // other runs are on display by now
    this.refusal = result?.kind === 'problem' ? result.problem.message : '';
    if (result?.kind === 'ok') this.found = result.value;
  };

  #take(event: SearchEvent): void {
    if (this.progress.kind !== 'running') return;
    if (event.kind === 'found') this.found = event.found;
    else this.progress = { ...this.progress, what: event.what, share: event.done / event.total };
  }

  readonly #stop = async (): Promise<void> => {
    if (this.progress.kind === 'running') this.progress = { ...this.progress, isStopping: true };
    await this.access?.attempt('', (lab) => lab.stopSearch());
  };

  #forget(): void {
    this.found = undefined;
    this.refusal = '';
    this.picked = undefined;
  }
}
