// The room of kernels: where the time of a step goes, in four figures, and as a trace.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { KernelTable } from '../../contract/kernels.ts';
import type { RunRecord } from '../../contract/records.ts';
import type { TermReport } from '../../contract/terms.ts';
import type { Waterfall } from '../../contract/validation.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { formatCount, formatPercent } from '../../text/numbers.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import { canAskForKernels, kernelRequests } from '../run-views/kernel-requests.ts';
import type { RoomAccess } from '../state/access.ts';
import { recordedDeviceName } from '../state/device-name.ts';
import { emit } from '../state/events.ts';
import { describeDifferences, differences } from '../state/experiment.ts';
import { downloadBytes } from '../state/files.ts';
import { initialState, isLabFree, isMeasurable, type PageState } from '../state/state.ts';
import { isMeasured } from './roofline-data.ts';
import './roofline-figure.ts';
import './terms-figure.ts';
import './timeline-figure.ts';
import './tuning-figure.ts';
import './waterfall-figure.ts';

/** A table with what was trained when it was made. */
interface KeptTable {
  readonly table: KernelTable;
  readonly experiment: ExperimentJson | undefined;
  /** The run that ships with the page, and not this device's. */
  readonly recorded?: RunRecord | undefined;
}

@customElement('room-kernels')
export class RoomKernels extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      .panel p + p {
        margin-top: 6px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  /** The run that ships with the page: its kernels are shown until there are some of this device. */
  @property({ attribute: false }) recorded: RunRecord | undefined;
  /** The table on display, and the measured one before it. */
  @state() private kept: KeptTable | undefined;
  @state() private earlier: KeptTable | undefined;
  @state() private report: TermReport | undefined;
  @state() private waterfall: Waterfall | undefined;

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has('page') && !changes.has('recorded')) return;
    const { kernels, run, device } = this.page;
    const shipped = this.recorded?.kernelTable;
    if (kernels.kind === 'none' && this.kept === undefined && shipped && device.kind === 'done') {
      const kept = { table: shipped, experiment: this.recorded?.experiment, recorded: this.recorded };
      this.kept = kept;
      void this.#explain(kept);
    }
    if (kernels.kind !== 'done' || kernels.value === this.kept?.table) return;
    // A ghost is a measurement of this device, and the plan alone is none.
    if (this.kept !== undefined && this.kept.recorded === undefined && isMeasured(this.kept.table))
      this.earlier = this.kept;
    this.kept = { table: kernels.value, experiment: run.experiment };
    this.waterfall = undefined;
    void this.#explain(this.kept);
  }

  protected override render() {
    const { kept, page } = this;
    const isOwn = kept?.recorded === undefined;
    const calibration = page.calibration.kind === 'done' && isOwn ? page.calibration.value : undefined;
    return html`${this.#head()}
      ${
        kept === undefined
          ? nothing
          : html`<div class=${this.waterfall === undefined ? 'stack' : 'pair'}>
                <roofline-figure
                  .table=${kept.table}
                  .calibration=${calibration}
                  .earlier=${this.earlier?.table}
                  .earlierName=${this.#earlierName()}
                ></roofline-figure>
                <waterfall-figure .waterfall=${this.waterfall} ?hidden=${this.waterfall === undefined}></waterfall-figure>
              </div>
              <timeline-figure .table=${kept.table}></timeline-figure>
              <terms-figure .report=${this.report}></terms-figure>`
      }
      <tuning-figure .calibration=${calibration} ?hidden=${!calibration?.presets.length}></tuning-figure>`;
  }

  #head() {
    const { page, kept } = this;
    const { kernels, calibration } = page;
    const isRunning = kernels.kind === 'running';
    const isFree = isLabFree(page) && !isRunning;
    const canCalibrate = isMeasurable(page);
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Kernels of a step</h2>
        ${kernelRequests(this, kernels, { isReady: canAskForKernels(page), isMain: true })}
        ${
          canCalibrate && calibration.kind !== 'done'
            ? html`<button ?disabled=${!isFree} @click=${() => emit(this, 'calibrate', undefined)}>Calibrate</button>`
            : nothing
        }
        <button class="plain" ?disabled=${kept === undefined} @click=${this.#saveTrace}>Save as trace</button>
      </div>
      <div aria-live="polite">${this.#status()}</div>
    </section>`;
  }

  #status() {
    const { kernels, calibration, run, busy } = this.page;
    if (calibration.kind === 'running')
      return html`<p>${calibration.what} ${progress(calibration.share)}</p>`;
    if (kernels.kind === 'running') return html`<p>${kernels.what} ${progress(kernels.share)}</p>`;
    if (run.state === 'preparing' || busy !== '')
      return html`<p>${busy || run.message || 'Preparing a run'} …</p>`;
    if (kernels.kind === 'failed') return html`<p class="bad">${kernels.problem.message}</p>`;
    const { kept } = this;
    if (kept === undefined || kept.recorded !== undefined) {
      return html`${kept?.recorded === undefined ? nothing : recordedText(kept.recorded)}
        <p>
          “Profile” times every dispatch of a training step, each alone, on a copy of the weights. Without a run it prepares
          one from the settings in the room “Train”, and leaves it paused.
        </p>
        ${calibration.kind === 'done' || !isMeasurable(this.page) ? nothing : html`<p class="muted">Calibrate first: that gives the roof and the predictions.</p>`}`;
    }
    return html`<p>${summary(kept.table)}</p>
      ${
        calibration.kind !== 'done' && kept.table.rows.every(({ limitSeconds }) => limitSeconds === undefined)
          ? html`<p class="warn">This device is not calibrated: there is no roof and no prediction. Calibrate, then profile again.</p>`
          : nothing
      }
      <p class="small muted">
        The trace opens in <a href="https://ui.perfetto.dev" target="_blank" rel="noreferrer">Perfetto</a> and in
        chrome://tracing, which show it without sending it anywhere.
      </p>`;
  }

  /** How the experiment of the earlier profile differed, in words. */
  #earlierName(): string {
    const [from, to] = [this.earlier?.experiment, this.kept?.experiment];
    const { catalogue } = this.page;
    if (from === undefined || to === undefined || catalogue === undefined) return '';
    return describeDifferences(differences(catalogue.fields, to, from), 3);
  }

  /** Asks for what the worker makes of a table: terms of its experiment, and the way to the measured step. */
  async #explain({ table, experiment, recorded }: KeptTable): Promise<void> {
    const isCurrent = (): boolean => this.kept?.table === table;
    await this.access?.attempt('', async (lab) => {
      const report = experiment && this.access?.take(await lab.costTerms(experiment));
      if (!isCurrent()) return;
      this.report = report;
      if (!isMeasured(table) || recorded !== undefined) return;
      const waterfall = this.access?.take(await lab.waterfall());
      if (isCurrent()) this.waterfall = waterfall;
    });
  }

  async #saveTrace(): Promise<void> {
    const { kept, page } = this;
    if (kept === undefined) return;
    const title = page.presetId || 'step';
    const file = await this.access?.attempt('', (worker) => worker.kernelTrace(kept.table, title));
    if (file !== undefined) downloadBytes(file.name, file.bytes, 'application/json');
  }
}

function recordedText({ title, device, kernelTable }: RunRecord) {
  return html`<p class="recorded">
    <strong>Recorded, not of this device:</strong> ${title} on ${recordedDeviceName(device)}.
    ${kernelTable === undefined ? '' : summary(kernelTable)}
  </p>`;
}

function progress(share: number) {
  return html`<progress max="1" .value=${share} aria-label="Progress"></progress> ${formatPercent(share)}`;
}

function summary({ rows, method, sumOverStep, accumulation = 1 }: KernelTable): string {
  const repeats = accumulation > 1 ? `, all but the update ${accumulation} times a step` : '';
  const sum =
    sumOverStep === undefined
      ? ''
      : ` The rows add up to ${formatPercent(sumOverStep)} of an unprofiled step.`;
  return `${formatCount(rows.length)} dispatches${repeats}; ${method}.${sum}`;
}
