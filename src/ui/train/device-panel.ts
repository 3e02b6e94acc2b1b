// The device in full: what it is, what it may, what was measured on it, and how its kernels did in the self-test.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type {
  CalibrationReport,
  DeviceInfo,
  RuntimeComparison,
  SelfTestReport,
} from '../../contract/device.ts';
import type { Measured } from '../../contract/values.ts';
import { isSoftwareGpu } from '../../text/device-kind.ts';
import {
  formatBytes,
  formatCount,
  formatPercent,
  formatPower,
  formatSeconds,
  formatSi,
  formatSpread,
} from '../../text/numbers.ts';
import { code, dataTable, numbers } from '../figures/data-table.ts';
import { workPanel } from '../figures/style-sets.ts';
import { webGpuBrowsersDetails } from '../figures/webgpu-browsers.ts';
import { deviceName } from '../state/device-name.ts';
import { emit } from '../state/events.ts';
import { availableThreads, shownRuntime } from '../state/runtime-choice.ts';
import type { Job } from '../state/state.ts';

@customElement('device-panel')
export class DevicePanel extends LitElement {
  static override readonly styles = workPanel(css`
    details {
      border-top: 1px solid var(--line);
      margin-top: 8px;
      padding-top: 4px;
    }
    summary {
      cursor: pointer;
      padding: 3px 0;
      font-weight: 550;
    }
    .note {
      background: var(--warn-tint);
      border-radius: 7px;
      padding: 7px 10px;
      margin: 8px 0 0;
      font-size: 12.5px;
    }
    .tags {
      display: flex;
      flex-wrap: wrap;
      gap: 4px;
      margin: 4px 0 8px;
    }
    .tags li {
      background: var(--inset);
      border-radius: 5px;
      padding: 0 6px;
      font: 11.5px/1.7 var(--mono);
    }
    .scroll {
      max-height: 260px;
      margin-top: 6px;
    }
    .limits {
      font-size: 12px;
    }
    .limits dt {
      overflow-wrap: anywhere;
    }
    .row {
      margin-top: 8px;
    }
    .runtime select {
      width: auto;
    }
  `);

  @property({ attribute: false }) device: Job<DeviceInfo> = { kind: 'none' };
  @property({ attribute: false }) selfTest: Job<SelfTestReport> = { kind: 'none' };
  @property({ attribute: false }) calibration: Job<CalibrationReport> = { kind: 'none' };
  /** Whether the device is free for a measurement. */
  @property({ type: Boolean }) isFree = false;
  /** Whether another runtime can be chosen. */
  @property({ type: Boolean }) canChoose = false;
  @property({ type: Boolean }) isTraining = false;
  /** Whether a run is open, which the choice of another runtime closes. */
  @property({ type: Boolean }) hasRun = false;

  protected override updated(): void {
    // A choice that was refused goes back to what computes.
    for (const select of this.renderRoot.querySelectorAll<HTMLSelectElement>('.runtime select'))
      select.value = select.dataset.shown ?? '';
  }

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Device</h2></div>
      ${this.device.kind === 'done' ? this.#device(this.device.value) : html`<p class="muted">No device is open.</p>`}
    </section>`;
  }

  #device(info: DeviceInfo) {
    const isGpu = info.runtime === 'gpu';
    return html`<p><strong>${deviceName(info)}</strong></p>
      ${
        isGpu
          ? html`<p class="small muted">${[info.vendor, info.architecture].filter((part) => part !== '').join(' · ')}</p>`
          : html`<p class="small muted">${
              info.runtime === 'wasm'
                ? 'Your processor does the work, in WebAssembly, by the plan that a GPU would run: quick enough for small models.'
                : 'Your processor does the work: right to the last digits, but quick enough only for very small models.'
            }</p>`
      }
      ${this.#runtime(info)}
      ${info.advice === undefined ? nothing : html`<p class="note">${info.advice}</p>`}
      ${
        isSoftwareGpu(info)
          ? html`<p class="note">
              This is a software renderer on the processor. Results are right; speeds say nothing about a graphics card. If
              the machine has one, look at the browser’s hardware acceleration setting.
            </p>`
          : nothing
      }
      ${info.fallbackReason !== undefined || isSoftwareGpu(info) ? webGpuBrowsersDetails() : nothing}
      ${info.runtime === 'cpu' ? nothing : this.#calibration()}
      ${isGpu ? [this.#selfTest(), this.#abilities(info)] : nothing}`;
  }

  #runtime(info: DeviceInfo) {
    const shown = shownRuntime(info);
    const hasNoGpu = info.fallbackReason !== undefined;
    const most = availableThreads();
    return html`<div class="row runtime">
        <label>
          Runs on
          <select ?disabled=${!this.canChoose} data-shown=${shown} @change=${this.#chooseRuntime}>
            <option value="gpu" ?disabled=${hasNoGpu}>GPU${hasNoGpu ? ': none here' : ''}</option>
            <option value="wasm">your processor</option>
          </select>
        </label>
        ${
          info.runtime === 'wasm'
            ? html`<label>
                Threads
                <select ?disabled=${!this.canChoose} data-shown=${info.threads ?? 1} @change=${this.#chooseThreads}>
                  ${Array.from({ length: most }, (_, index) => html`<option value=${index + 1}>${index + 1}</option>`)}
                </select>
              </label>`
            : nothing
        }
      </div>
      ${info.comparison === undefined ? nothing : html`<p class="small">${comparisonText(info.comparison)}</p>`}
      ${
        this.isTraining
          ? html`<p class="small muted">A run is training: pause it to choose another.</p>`
          : this.hasRun
            ? html`<p class="small muted">Another choice saves and closes the open run.</p>`
            : nothing
      }`;
  }

  #chooseRuntime({ target }: Event): void {
    emit(this, 'change-runtime', { runtime: (target as HTMLSelectElement).value === 'gpu' ? 'gpu' : 'wasm' });
  }

  #chooseThreads({ target }: Event): void {
    emit(this, 'change-runtime', { runtime: 'wasm', threads: Number((target as HTMLSelectElement).value) });
  }

  #calibration() {
    const { calibration } = this;
    const isDone = calibration.kind === 'done';
    return html`<details>
      <summary>Calibration</summary>
      ${isDone ? this.#figures(calibration.value) : html`<p class="small muted">Not measured yet.</p>`}
      <div class="row">
        <button ?disabled=${!this.isFree || calibration.kind === 'running'} @click=${() => emit(this, 'calibrate', undefined)}>
          ${isDone ? 'Measure again' : 'Calibrate'}
        </button>
        ${calibration.kind === 'running' ? html`<span class="small">${calibration.what}</span>` : nothing}
      </div>
    </details>`;
  }

  #figures(report: CalibrationReport) {
    const row = (name: string, unit: string, measured: Measured) =>
      html`<dt>${name}</dt>
        <dd>${formatSi(measured.value, unit)} <span class="muted">${formatSpread(measured.spread)}</span></dd>`;
    return html`<dl class="pairs">
        ${row('Multiply-add peak', 'FLOP/s', report.fmaFlopsPerSecond)}
        ${report.copyBytesPerSecond.map(({ bytes, rate }) => row(`Copy, ${formatBytes(bytes)}`, 'B/s', rate))}
        ${row('Kernels, time on average over quickest', '', report.slowing)}
        ${row('Launch of a dispatch', 's', report.launchSeconds)}
      </dl>
      ${report.warning === undefined ? nothing : html`<p class="small warn" role="status">${report.warning}</p>`}
      ${
        report.kernels.length === 0
          ? nothing
          : dataTable(
              'Kernels measured',
              ['Family', code('Shape'), numbers('Limit'), numbers('Measured')],
              report.kernels.flatMap(({ kernel, points }) =>
                points.map(({ limitSeconds, seconds, shape }) => [
                  kernel,
                  shape,
                  formatSeconds(limitSeconds),
                  html`${formatSeconds(seconds.value)} <span class="muted">${formatSpread(seconds.spread)}</span>`,
                ]),
              ),
            )
      }
      <p class="small muted">Took ${formatSeconds(report.seconds)}; timer: ${report.timer}.</p>`;
  }

  #selfTest() {
    const { selfTest } = this;
    const report = selfTest.kind === 'done' ? selfTest.value : undefined;
    return html`<details ?open=${report !== undefined && (!report.passed || report.note !== undefined)}>
      <summary>
        Self-test
        ${
          report === undefined
            ? nothing
            : html`<span class=${report.passed ? 'good' : 'bad'}>${report.passed ? 'passed' : 'failed'}</span>`
        }
      </summary>
      ${
        report === undefined
          ? html`<p class="small muted">Before a run every kernel that it uses, for training and for writing, is held against its reference.</p>`
          : html`${dataTable(
              'Kernels checked',
              ['Kernel', code('Shape'), numbers('Error'), numbers('Allowed')],
              report.rows.map(({ kernel, shape, passed, message, maximumError, tolerance }) => [
                passed
                  ? kernel
                  : html`<span class="bad" title=${message ?? nothing}>${kernel} (wrong)</span>`,
                shape,
                formatPower(maximumError),
                formatPower(tolerance),
              ]),
            )}
              ${report.note === undefined ? nothing : html`<p class="small warn">${report.note}</p>`}
              <p class="small muted">
                ${report.kernels} kernels: all that the last run checked uses, for training and for writing.
                ${report.remembered > 0 ? html`${report.remembered} agreed here before and were not run again.` : nothing}
                Took ${formatSeconds(report.seconds)}.
              </p>`
      }
      <div class="row">
        <button ?disabled=${!this.isFree || selfTest.kind === 'running'} @click=${() => emit(this, 'self-test', undefined)}>
          Check now
        </button>
      </div>
    </details>`;
  }

  #abilities(info: DeviceInfo) {
    const show = (name: string, value: number): string =>
      /size$/i.test(name) && !/workgroupsize[xyz]|workgroup.*invocations/i.test(name) && value >= 1024
        ? formatBytes(value)
        : formatCount(value);
    return html`<details>
      <summary>Features and limits</summary>
      <ul class="tags">
        ${info.features.map((feature) => html`<li>${feature}</li>`)}
      </ul>
      <dl class="pairs limits">
        ${info.limits.map(({ name, value }) => html`<dt>${name}</dt><dd>${show(name, value)}</dd>`)}
      </dl>
    </details>`;
  }
}

/** Which is quicker, by how much, and that it is no decree. */
function comparisonText({ gpuSeconds, processorSeconds, threads, measuredShare }: RuntimeComparison): string {
  const own = `your processor (${threads === 1 ? '1 thread' : `${threads} threads`})`;
  const taken = processorSeconds < gpuSeconds ? 'your processor' : 'the software GPU';
  return (
    `Compared before a run by the heaviest kernels of a training step (${formatPercent(measuredShare)} of its work): it takes about ` +
    `${formatSeconds(gpuSeconds)} on the software GPU and ${formatSeconds(processorSeconds)} on ${own}. ` +
    `So ${taken} computes; what you choose here counts instead.`
  );
}
