// The room of serving: batches of texts on this device, their rate and waits beside what was predicted, and what they cost.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { RecordedServing } from '../../contract/records.ts';
import type { ServingRow } from '../../contract/serving.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { emit } from '../state/events.ts';
import { valueAt } from '../state/experiment.ts';
import { initialState, isLabFree, isMeasurable, isTraining, type PageState } from '../state/state.ts';
import {
  type Prices,
  priceRows,
  rateSeries,
  type ServedTexts,
  servedTexts,
  servingTable,
  usualPrices,
  waitSeries,
} from './data.ts';
import { bar, countField, numberOf, numberStyles } from './fields.ts';
import { ratePlot, waitPlot } from './plots.ts';
import { fetchRecordedServing, recordedFigures, recordedText } from './recorded.ts';
import '../figures/panel.ts';
import './drafts.ts';
import { dataTable, heads, numbers } from '../figures/data-table.ts';

/** Where serving stands. */
type Progress =
  | { readonly kind: 'none' | 'done' }
  | {
      readonly kind: 'running';
      readonly share: number;
      readonly what: string;
      readonly isCancelled: boolean;
    };

/** What can be asked for, with the limits of its fields. */
const sizes = [
  { key: 'prompt', label: 'Prompt, tokens', most: 8192 },
  { key: 'output', label: 'Output, tokens', most: 8192 },
  { key: 'repeats', label: 'Repeats', most: 100 },
] as const;

/** What weights and caches can be kept in. */
const formats = [
  { key: 'weights', label: 'Weights', choices: ['f32', 'int8', 'int4'] },
  { key: 'cache', label: 'Keys and values', choices: ['f32', 'int8'] },
] as const;

const largestBatches = [4, 16, 64, 256] as const;

const priceFields = [
  { key: 'watts', label: 'Power, watts', minimum: 0, step: 'any' },
  { key: 'dollarsPerKilowattHour', label: 'Energy, $ per kWh', minimum: 0, step: 'any' },
  { key: 'dollarsPerHour', label: 'Machine, $ per hour', minimum: 0, step: 'any' },
  { key: 'years', label: 'Years from now', minimum: -50, step: 1 },
] as const;

@customElement('room-serving')
export class RoomServing extends LitElement {
  static override readonly styles = workPanel(
    stackStyles,
    numberStyles,
    css`
      .prices {
        max-width: 960px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private rows: readonly ServingRow[] = [];
  @state() private progress: Progress = { kind: 'none' };
  /** What was asked for by hand; the rest fits the model. */
  @state() private asked: Partial<ServedTexts> = {};
  @state() private largest: number = 16;
  @state() private prices: Prices = usualPrices;
  /** What was served elsewhere: shown until something is served here. */
  @state() private recorded: RecordedServing | undefined;

  override async firstUpdated(): Promise<void> {
    this.recorded = await fetchRecordedServing();
  }

  protected override render() {
    const recorded = this.#recording();
    return html`${this.#head()} ${recorded === undefined ? nothing : recordedFigures(recorded)}
    ${this.rows.length === 0 ? nothing : html`${this.#rate()} ${this.#waits()} ${this.#costs()}`}
    <draft-panel
      .page=${this.page}
      .access=${this.access}
      .isBusy=${this.progress.kind === 'running'}
    ></draft-panel>`;
  }

  #recording(): RecordedServing | undefined {
    return this.rows.length === 0 && this.progress.kind !== 'running' ? this.recorded : undefined;
  }

  #head() {
    const { page, progress } = this;
    const request = this.#texts();
    const isRunning = progress.kind === 'running';
    const isFree = isLabFree(page) && !isTraining(page);
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Serving in batches</h2>
        ${
          isMeasurable(page) && page.calibration.kind !== 'done'
            ? html`<button
                ?disabled=${!isFree || isRunning}
                @click=${() => emit(this, 'calibrate', undefined)}
              >
                Calibrate
              </button>`
            : nothing
        }
        ${
          isRunning
            ? html`<button ?disabled=${progress.isCancelled} @click=${this.#cancel}>Cancel</button>`
            : html`<button
                class="primary"
                ?disabled=${!isFree}
                @click=${this.#serve}
              >
                Serve
              </button>`
        }
      </div>
      <div class="numbers">
        ${sizes.map(({ key, label, most }) =>
          countField({ label, most, value: request[key], isDisabled: isRunning }, (value) => {
            this.asked = { ...this.asked, [key]: value };
          }),
        )}
        ${formats.map(
          ({ key, label, choices }) =>
            html`<label>
              ${label}
              <select
                ?disabled=${isRunning}
                @change=${(event: Event) => {
                  this.asked = { ...this.asked, [key]: (event.target as HTMLSelectElement).value };
                }}
              >
                ${choices.map(
                  (choice) =>
                    html`<option value=${choice} ?selected=${choice === request[key]}>${choice}</option>`,
                )}
              </select>
            </label>`,
        )}
        <label>
          Largest batch
          <select
            ?disabled=${isRunning}
            @change=${(event: Event) => {
              this.largest = Number((event.target as HTMLSelectElement).value);
            }}
          >
            ${largestBatches.map(
              (batch) => html`<option value=${batch} ?selected=${batch === this.largest}>${batch}</option>`,
            )}
          </select>
        </label>
      </div>
      <div aria-live="polite">${this.#status()}</div>
    </section>`;
  }

  #status() {
    const { progress, page } = this;
    if (page.calibration.kind === 'running') {
      const { what, share } = page.calibration;
      return html`<p>${what} ${bar(share)}</p>`;
    }
    if (progress.kind === 'running') {
      const what = progress.isCancelled ? 'Ending after the batch in hand' : progress.what;
      return html`<p>${what} ${bar(progress.share)}</p>`;
    }
    const recorded = this.#recording();
    return html`${recorded === undefined ? nothing : recordedText(recorded)}
      <p>
        Serves the model of the form, with new weights, to one text, two, four and so on at the same time: each step reads
        every weight once for all of them.
      </p>
      ${
        page.calibration.kind === 'done' || !isMeasurable(page)
          ? nothing
          : html`<p class="muted">This device is not calibrated: what is measured then has no prediction beside it.</p>`
      }
      ${isTraining(this.page) ? html`<p class="muted">Pause the run first: both would disturb each other’s times.</p>` : nothing}`;
  }

  #rate() {
    return html`<figure-panel heading="Tokens per second" term="decode" fileName="serving" .table=${servingTable(this.rows)}>
      ${ratePlot(rateSeries(this.rows))}
      <p slot="note">All tokens over the time from the first prompt to the last token; bars are half the interquartile range.</p>
    </figure-panel>`;
  }

  #waits() {
    return html`<figure-panel heading="Waiting" term="prefill" fileName="serving-waits" .table=${servingTable(this.rows)}>
      ${waitPlot(waitSeries(this.rows))}
      <p slot="note">The first token is the mean over the texts, whose prompts run one after the other.</p>
    </figure-panel>`;
  }

  #costs() {
    const { prices } = this;
    return html`<section class="panel" aria-labelledby="costs">
      <div class="head"><h2 id="costs">Memory, and a million tokens</h2></div>
      <div class="numbers">
        ${priceFields.map(
          ({ key, label, minimum, step }) =>
            html`<label>
              ${label}
              <input
                type="number"
                min=${minimum}
                step=${step}
                .value=${String(prices[key])}
                @change=${(event: Event) => {
                  const value = numberOf(event);
                  if (value !== undefined) this.prices = { ...prices, [key]: value };
                }}
              />
            </label>`,
        )}
      </div>
      ${dataTable(
        'Price by batch',
        [
          heads('Batch'),
          numbers('Weights'),
          numbers('Caches'),
          numbers('Bound by'),
          numbers('Energy'),
          numbers('Energy, price'),
          numbers('Machine'),
          numbers('Press, capital'),
        ],
        priceRows(this.rows, prices),
        'prices',
      )}
      <p class="muted">
        At the measured rates. Press: multiply-adds of a decoded token at 10⁻¹⁸ dollars each. The prices of the machine and of
        his multiply-adds halve every two years.
      </p>
    </section>`;
  }

  #texts(): ServedTexts {
    const context = valueAt(this.page.experiment, 'model.context');
    return servedTexts(typeof context === 'number' ? context : undefined, this.asked);
  }

  async #serve(): Promise<void> {
    const batches: number[] = [];
    for (let batch = 1; batch <= this.largest; batch *= 2) batches.push(batch);
    this.rows = [];
    this.progress = { kind: 'running', share: 0, what: 'Preparing', isCancelled: false };
    let isOpen = true; // Rows and progress have message ports of their own and may come after the answer.
    const done = await this.access?.attempt('Serving batches', async (lab) => {
      const result = await lab.serve(
        this.page.experiment,
        { ...this.#texts(), batches },
        (row) => {
          if (isOpen) this.rows = [...this.rows, row];
        },
        (share, what) => {
          if (isOpen && this.progress.kind === 'running') this.progress = { ...this.progress, share, what };
        },
      );
      return this.access?.take(result, 'serve');
    });
    if (done !== undefined && this.rows.length < done)
      await new Promise((resolve) => setTimeout(resolve, 100));
    isOpen = false;
    this.progress = { kind: 'done' };
  }

  async #cancel(): Promise<void> {
    if (this.progress.kind === 'running') this.progress = { ...this.progress, isCancelled: true };
    await this.access?.attempt('', (lab) => lab.cancelServing());
  }
}
