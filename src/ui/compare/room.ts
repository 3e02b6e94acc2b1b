// The room of comparisons: two to four families sized to the same training flops, trained in turn, curves over each other.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { RunRecord } from '../../contract/records.ts';
import { formatCount, formatPercent } from '../../text/numbers.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { AddressController } from '../state/address-controller.ts';
import { emit } from '../state/events.ts';
import { initialState, isLabFree, type PageState } from '../state/state.ts';
import { comparisonOf, comparisonPlace } from './address.ts';
import { ComparisonController } from './comparison-controller.ts';
import { comparisonTable, expectedDuration, toggled } from './data.ts';
import { answerText, comparisonResult, resultTable } from './ranking.ts';
import '../figures/copy-link.ts';
import '../run-views/compare-panel.ts';
import '../figures/panel.ts';

/** Most models of one comparison. */
const mostModels = 4;

/** Most steps of a run. */
const mostSteps = 100_000;

/** Most runs of every model: enough for an interval. */
const mostSeeds = 5;

/** Steps of each run, unless asked otherwise: enough for the curves to part. */
const usualSteps = 500;

@customElement('room-compare')
export class RoomCompare extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      fieldset {
        border: 0;
        padding: 0;
        margin: 10px 0 0;
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr));
        gap: 2px 14px;
      }
      fieldset label {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: 8px;
        align-items: baseline;
        padding: 3px 0;
      }
      legend {
        padding: 0 0 4px;
        font-size: 13px;
        color: var(--muted);
      }
      input {
        accent-color: var(--accent);
      }
      .head label {
        display: inline-flex;
        gap: 6px;
        align-items: center;
        font-size: 13px;
      }
      .head input {
        width: 90px;
        min-height: 30px;
      }
      p {
        margin-top: 8px;
      }
      .answer {
        color: var(--ink);
        font-size: 15px;
      }
      select {
        width: auto;
        min-height: 30px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private chosen: readonly string[] = [];
  @state() private steps = usualSteps;
  @state() private seeds = 1;
  readonly #training = new ComparisonController(this, () => this.access);
  #isAddressRead = false;

  constructor() {
    super();
    new AddressController(this, () => this.#takeAddress());
  }

  protected override willUpdate(): void {
    if (this.#isAddressRead || this.page.catalogue === undefined) return;
    this.#isAddressRead = true;
    this.#takeAddress();
  }

  /** Takes the comparison that the address names. It is sized then; nothing trains before Run. */
  #takeAddress(): void {
    const known = (this.page.catalogue?.presets ?? []).map(({ id }) => id);
    const link = comparisonOf(location.hash, known, {
      models: mostModels,
      steps: mostSteps,
      seeds: mostSeeds,
    });
    if (
      link === undefined ||
      this.#training.progress.kind === 'running' ||
      comparisonPlace(link) === this.#place
    )
      return;
    this.chosen = link.chosen;
    this.steps = link.steps;
    this.seeds = link.seeds;
    void this.#size();
  }

  get #place(): string {
    const { chosen, steps, seeds } = this;
    return comparisonPlace({ chosen, steps, seeds });
  }

  /** What is chosen stands in the address, without a step in the history for each choice. */
  #showAddress(): void {
    history.replaceState(undefined, '', `${location.pathname}${location.search}#${this.#place}`);
  }

  protected override render() {
    const { models, records, compared } = this.#training;
    const live = this.#live();
    return html`${this.#head()} ${this.#answer()}
      ${
        models.length === 0
          ? nothing
          : html`<figure-panel heading="At equal flops" fileName="equal-flops" isTable .table=${comparisonTable(models)}>
              <span slot="note">
                Useful flops of one step’s dispatches over its tokens, a multiply-add as two. Text, context, tokens a step
                and training are those of the first model for all.
              </span>
            </figure-panel>`
      }
      ${
        records.length === 0 && live === undefined
          ? nothing
          : html`<compare-panel
              .records=${records}
              .live=${live}
              .compared=${compared}
              @save-report=${() => void this.#training.saveReport()}
            ></compare-panel>`
      }`;
  }

  /** The run that is being trained, as far as it is. */
  #live(): Pick<RunRecord, 'title' | 'steps' | 'evaluations'> | undefined {
    const { page } = this;
    const { progress, ran } = this.#training;
    if (progress.kind !== 'running' || progress.seed > 0 || page.run.state !== 'running') return undefined;
    const { points, evaluations } = page.series;
    return points.length < 2
      ? undefined
      : { title: ran[progress.index]?.title ?? '', steps: points, evaluations };
  }

  #answer() {
    const result = comparisonResult(this.#training.ran, this.#training.runs);
    if (result === undefined || result.models.length < 2) return nothing;
    return html`<figure-panel heading="Which learned most" fileName="comparison" isTable .table=${resultTable(result)}>
      <p slot="note" class="answer">${answerText(result)}</p>
    </figure-panel>`;
  }

  #head() {
    const { page, steps } = this;
    const { progress, models } = this.#training;
    const isRunning = progress.kind === 'running';
    const isFree = isLabFree(page) && page.run.state !== 'running' && page.run.state !== 'preparing';
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Compare at equal flops</h2>
        <label>
          <span class="muted">steps</span>
          <input
            type="number"
            min="1"
            max=${mostSteps}
            .value=${String(steps)}
            ?disabled=${isRunning}
            @change=${(event: Event) => {
              const wanted = Math.floor(Number((event.target as HTMLInputElement).value));
              this.steps = wanted >= 1 && wanted <= mostSteps ? wanted : usualSteps;
              this.#showAddress();
              void this.#size();
            }}
          />
        </label>
        <label>
          <span class="muted">seeds</span>
          <select
            ?disabled=${isRunning}
            @change=${(event: Event) => {
              this.seeds = (event.target as HTMLSelectElement).selectedIndex + 1;
              this.#showAddress();
            }}
          >
            ${Array.from({ length: mostSeeds }, (_, index) => html`<option ?selected=${index + 1 === this.seeds}>${index + 1}</option>`)}
          </select>
        </label>
        ${
          isRunning
            ? html`<button ?disabled=${progress.isCancelled} @click=${() => void this.#training.cancel()}>Cancel</button>`
            : html`<button class="primary" ?disabled=${!isFree || models.length < 2} @click=${() => void this.#training.run(this.seeds)}>
                Run
              </button>`
        }
      </div>
      <div aria-live="polite">${this.#status()}</div>
      ${this.chosen.length < 2 ? nothing : html`<copy-link place=${this.#place}></copy-link>`}
      ${this.#choices(isRunning)}
    </section>`;
  }

  #choices(isRunning: boolean) {
    const { chosen } = this;
    return html`<fieldset ?disabled=${isRunning}>
      <legend>Two to four models; the others are sized to the first chosen</legend>
      ${(this.page.catalogue?.presets ?? []).map(({ id, title, note }) => {
        const place = chosen.indexOf(id);
        return html`<label title=${note}>
          <input
            type="checkbox"
            .checked=${place >= 0}
            ?disabled=${place < 0 && chosen.length >= mostModels}
            @change=${() => {
              this.chosen = toggled(chosen, id);
              this.#showAddress();
              void this.#size();
            }}
          />
          <span>${title}</span>
          <span class="small muted">${place < 0 ? '' : place === 0 ? 'first' : place + 1}</span>
        </label>`;
      })}
    </fieldset>`;
  }

  #status() {
    const { page } = this;
    const { progress, models } = this.#training;
    switch (progress.kind) {
      case 'sizing':
        return html`<p class="muted">Sizing the models</p>`;
      case 'running':
        return this.#running(progress.index, progress.seed, progress.isCancelled);
      case 'done':
        return html`<p>
          ${progress.isWhole ? 'All models have been trained.' : 'Ended before all models were trained.'} Their runs are kept
          in the room of runs.
        </p>`;
      case 'none':
        break;
      default:
        progress satisfies never;
    }
    if (models.length === 0) {
      return html`<p>
        Which architecture learns most from the same arithmetic? The models chosen are brought to the same training flops a
        token, trained one after another on the same text, and their curves drawn over each other.
      </p>`;
    }
    return page.calibration.kind === 'done'
      ? html`<p>All runs together should take ${expectedDuration(models, this.seeds)}.</p>`
      : html`<p class="muted">
          Seconds can be predicted once this device is measured.
          <button class="plain small" ?disabled=${!isLabFree(page)} @click=${() => emit(this, 'calibrate', undefined)}>
            Calibrate
          </button>
        </p>`;
  }

  #running(index: number, seed: number, isCancelled: boolean) {
    const { run } = this.page;
    const { models } = this.#training;
    const length = models.length * this.seeds;
    const place = seed * models.length + index;
    const title = models[index]?.title ?? '';
    // Between two models the run on display is still that of the one before.
    const isGoing = run.state === 'running' || run.state === 'paused';
    const step = isGoing ? (run.last?.step ?? 0) : 0;
    const share = (place + step / Math.max(1, run.totalSteps)) / length;
    const where = isGoing
      ? `step ${formatCount(step)} of ${formatCount(run.totalSteps)}`
      : run.state === 'preparing'
        ? run.message
        : 'getting ready';
    return html`<p>
      ${isCancelled ? 'Ending: ' : ''}${title} (${place + 1} of ${length}), ${where}
      <progress max="1" .value=${share} aria-label="Progress"></progress> ${formatPercent(share)}
    </p>`;
  }

  #size(): Promise<void> {
    return this.#training.size(this.chosen, this.steps);
  }
}
