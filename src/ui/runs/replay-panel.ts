// One recorded run as it was: its curve plays again, with its samples, its figures and its kernels. No GPU is needed.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { RunRecord } from '../../contract/records.ts';
import { describeTime, formatCount } from '../../text/numbers.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import { ReplayController } from '../run-views/replay.ts';
import { deviceDetails, recordedDeviceName } from '../state/device-name.ts';
import '../run-views/kernel-table.ts';
import '../run-views/loss-chart.ts';
import '../run-views/readouts.ts';
import '../run-views/sample-list.ts';

@customElement('replay-panel')
export class ReplayPanel extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      .facts {
        overflow-wrap: anywhere;
      }
      h2.title {
        text-transform: none;
        letter-spacing: 0;
        font-size: 15px;
        color: var(--ink);
        overflow-wrap: anywhere;
      }
      p + p {
        margin-top: 4px;
      }
    `,
  );

  @property({ attribute: false }) record: RunRecord | undefined;

  #replay = new ReplayController(this, async () => undefined);

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has('record')) return;
    const before = changes.get('record');
    // The same run, grown: it plays on where it was.
    this.#replay.show(this.record, before !== undefined && before.id === this.record?.id);
  }

  protected override render() {
    const { record } = this;
    const { view } = this.#replay;
    if (record === undefined || view === undefined) return nothing;
    return html`<section class="panel" aria-labelledby="title">
        <div class="head">
          <h2 class="title" id="title">${record.title}</h2>
          <button @click=${() => this.#replay.play()}>Replay</button>
          <button class="plain" @click=${() => this.dispatchEvent(new CustomEvent('close-replay'))}>Close</button>
        </div>
        ${this.#facts(record)}
      </section>
      <run-readouts .run=${view.run} .series=${view.series}></run-readouts>
      <div class="pair">
        <loss-chart .series=${view.series} .fileName=${record.presetId ?? 'run'}></loss-chart>
        <sample-list .samples=${view.run.samples}></sample-list>
      </div>
      ${
        record.kernelTable === undefined
          ? nothing
          : html`<kernel-table .kernels=${{ kind: 'done', value: record.kernelTable }} isRecorded></kernel-table>`
      }`;
  }

  #facts(record: RunRecord) {
    const { device, state, steps, totalSteps, message, startedAt, note, dataSha256, timingMethod } = record;
    const reached = steps[steps.length - 1]?.step ?? 0;
    return html`<p class="facts">
        Recorded ${describeTime(startedAt)} on ${recordedDeviceName(device)}: ${state} after ${formatCount(reached)} of ${formatCount(totalSteps)} steps.
        ${message ?? ''}
      </p>
      ${note === undefined ? nothing : html`<p class="facts">${note}</p>`}
      <details class="small muted facts">
        <summary>details</summary>
        ${deviceDetails(device)}. ${timingMethod} Flopscope ${record.appVersion}.
        ${dataSha256 === undefined ? '' : `Text: SHA-256 ${dataSha256.slice(0, 16)}…`}
      </details>`;
  }
}
