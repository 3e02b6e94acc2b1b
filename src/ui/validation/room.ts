// The room of validation: models that calibration has not seen, predicted and measured on this device.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { RecordedValidation, RunRecord } from '../../contract/records.ts';
import type { ValidationRow, ValidationSummary } from '../../contract/validation.ts';
import { formatDuration, formatPercent, formatRatio } from '../../text/numbers.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { emit } from '../state/events.ts';
import {
  initialState,
  isLabFree,
  isMeasurable,
  isTraining,
  isWhollyCalibrated,
  type PageState,
} from '../state/state.ts';
import { errorTable, timesFigure } from './figures.ts';
import {
  fetchRecordedValidation,
  recordedGridFigure,
  recordedGridText,
  recordedKernelsFigure,
} from './recorded.ts';

/** A validation in progress, or its end. */
type Progress =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly share: number; readonly what: string; readonly isCancelled: boolean }
  | { readonly kind: 'done'; readonly summary: ValidationSummary; readonly isWhole: boolean };

/** From here on the arithmetic of the device is not what it was when it was calibrated. */
const driftLimit = 0.1;

@customElement('room-validation')
export class RoomValidation extends LitElement {
  static override readonly styles = workPanel(
    stackStyles,
    css`
      .head label {
        display: inline-flex;
        gap: 6px;
        align-items: center;
        font-size: 13px;
      }
      .head select {
        width: auto;
        min-height: 30px;
        padding: 1px 4px;
      }
      p + p,
      .scroll {
        margin-top: 8px;
      }
      .errors {
        max-width: 560px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  /** The run that ships with the page: its kernels are shown until something of this device is measured. */
  @property({ attribute: false }) recorded: RunRecord | undefined;
  /** The grid that ships with the page. */
  @state() private recordedGrid: RecordedValidation | undefined;
  @state() private rows: readonly ValidationRow[] = [];
  @state() private progress: Progress = { kind: 'none' };
  @state() private grid: 'small' | 'full' = 'small';

  override async firstUpdated(): Promise<void> {
    this.recordedGrid = await fetchRecordedValidation();
  }

  protected override render() {
    const { rows, recorded, recordedGrid } = this;
    if (!this.#isRecorded)
      return html`${this.#head()}
      ${rows.length === 0 ? nothing : timesFigure(rows, 'Predicted and measured time', 'validation')}`;
    return html`${this.#head()} ${recordedGrid === undefined ? nothing : recordedGridFigure(recordedGrid)}
      ${recorded === undefined ? nothing : recordedKernelsFigure(recorded)}`;
  }

  #head() {
    const { page, progress, grid } = this;
    const isRunning = progress.kind === 'running';
    const isCalibrated = isWhollyCalibrated(page);
    const canMeasure = isMeasurable(page);
    const isFree = isLabFree(page) && !isRunning;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Predicted against measured</h2>
        <label>
          <span class="muted">grid</span>
          <select
            ?disabled=${isRunning}
            @change=${(event: Event) => {
              this.grid = (event.target as HTMLSelectElement).selectedIndex === 0 ? 'small' : 'full';
            }}
          >
            <option ?selected=${grid === 'small'}>small: 12 models, 24 times</option>
            <option ?selected=${grid === 'full'}>full: 20 models, 80 times</option>
          </select>
        </label>
        ${
          canMeasure && !isCalibrated
            ? html`<button ?disabled=${!isFree} @click=${() => emit(this, 'calibrate', undefined)}>Calibrate</button>`
            : nothing
        }
        ${
          isRunning
            ? html`<button ?disabled=${progress.isCancelled} @click=${this.#cancel}>Cancel</button>`
            : html`<button
                class="primary"
                ?disabled=${!isFree || !isCalibrated || isTraining(page)}
                @click=${this.#validate}
              >
                Validate
              </button>`
        }
      </div>
      <div aria-live="polite">${this.#status(canMeasure, isCalibrated)}</div>
    </section>`;
  }

  #status(canMeasure: boolean, isCalibrated: boolean) {
    const { progress, page } = this;
    if (page.calibration.kind === 'running') {
      const { what, share } = page.calibration;
      return html`<p>${what} ${bar(share)}</p>`;
    }
    if (progress.kind === 'running') {
      const what = progress.isCancelled ? 'Ending after the measurement in hand' : progress.what;
      return html`<p>${what} ${bar(progress.share)}</p>`;
    }
    if (progress.kind === 'done') return this.#summary(progress);
    return html`<p>
        Trains, evaluates and samples small models that calibration has not seen, and holds each against what was predicted
        for it before.
      </p>
      ${!canMeasure && page.device.kind === 'done' ? html`<p class="warn">It needs a GPU or WebAssembly, and there is neither here.</p>` : nothing}
      ${canMeasure && !isCalibrated ? html`<p class="muted">Calibrate first: without figures of this device there is nothing to hold against.</p>` : nothing}
      ${isTraining(page) ? html`<p class="muted">Pause the run first: both would disturb each other’s times.</p>` : nothing}
      ${this.recordedGrid === undefined ? nothing : recordedGridText(this.recordedGrid)}`;
  }

  #summary({ summary, isWhole }: Extract<Progress, { kind: 'done' }>) {
    const { configurations, paceRatio, seconds, medianUnexplained } = summary;
    const hasDrifted = Math.abs(paceRatio - 1) > driftLimit;
    return html`<p>
        ${configurations} ${configurations === 1 ? 'piece' : 'pieces'} of work in ${formatDuration(seconds)}${isWhole ? '' : ', cancelled before the end'}. In the
        median ${formatPercent(medianUnexplained)} of the time stays unexplained.
      </p>
      ${
        hasDrifted
          ? html`<p class="warn">
              The device goes at ${formatRatio(paceRatio)} of the pace it was calibrated at. Calibrate again and repeat.
            </p>`
          : nothing
      }
      ${errorTable(this.rows)}`;
  }

  /** Whether recordings stand here: before anything of this device. */
  get #isRecorded(): boolean {
    return this.rows.length === 0 && this.progress.kind === 'none';
  }

  async #validate(): Promise<void> {
    this.rows = [];
    this.progress = { kind: 'running', share: 0, what: 'Preparing', isCancelled: false };
    let isOpen = true; // Rows and progress have message ports of their own and may come after the answer.
    const summary = await this.access?.attempt('Validating predictions', async (lab) => {
      const result = await lab.validatePredictions(
        this.grid,
        (row) => {
          if (isOpen) this.rows = [...this.rows, row];
        },
        (share, what) => {
          if (isOpen && this.progress.kind === 'running') this.progress = { ...this.progress, share, what };
        },
      );
      return this.access?.take(result, 'validatePredictions');
    });
    const isWhole = this.progress.kind === 'running' && !this.progress.isCancelled;
    isOpen = summary !== undefined && this.rows.length < summary.configurations;
    if (isOpen) await new Promise((resolve) => setTimeout(resolve, 100));
    isOpen = false;
    this.progress = summary === undefined ? { kind: 'none' } : { kind: 'done', summary, isWhole };
  }

  async #cancel(): Promise<void> {
    if (this.progress.kind === 'running') this.progress = { ...this.progress, isCancelled: true };
    await this.access?.attempt('', (lab) => lab.cancelValidation());
  }
}

function bar(share: number) {
  return html`<progress max="1" .value=${share} aria-label="Progress"></progress> ${formatPercent(share)}`;
}
