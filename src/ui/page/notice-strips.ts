// The strips above the page: problems, notices of the address, a failed self-test, a saved run to continue, the recording.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { RunRecord } from '../../contract/records.ts';
import type { SavedRun } from '../../contract/runs.ts';
import { describeTime, formatCount } from '../../text/numbers.ts';
import { baseStyles, controlStyles } from '../figures/styles.ts';
import { deviceDetails, recordedDeviceName } from '../state/device-name.ts';
import { emit } from '../state/events.ts';
import type { ShownProblem } from '../state/state.ts';
import { OfflineCopy, type ReloadReason } from './offline-copy.ts';
import type { KeptState } from './problem-text.ts';
import './problem-list.ts';

@customElement('notice-strips')
export class NoticeStrips extends LitElement {
  static override readonly styles = [
    baseStyles,
    controlStyles,
    css`
      .strips {
        display: grid;
      }
      .strip {
        margin-bottom: 8px;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px 12px;
        padding: 8px 14px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--panel);
      }
      .strip > :first-child {
        flex: 1 1 280px;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      /* A run takes the recording's place, and nothing below moves: four lines and a button on a phone. */
      .recorded {
        min-height: 137px;
      }
      @media (min-width: 480px) {
        .recorded {
          min-height: 84px;
        }
      }
      @media (min-width: 820px) {
        .recorded {
          min-height: 58px;
        }
      }
      @media (max-width: 479px) {
        .recorded > :first-child {
          flex-basis: 100%;
        }
      }
      .awaited {
        visibility: hidden;
      }
      .recorded {
        border-style: dashed;
        border-color: var(--edge);
      }
      .wrong {
        background: var(--bad-tint);
        border-color: var(--bad);
      }
      .tape {
        font-size: 11px;
        font-weight: 650;
        letter-spacing: 0.06em;
        text-transform: uppercase;
        color: var(--validation);
        margin-right: 6px;
      }
      code {
        font: 12px var(--mono);
      }
    `,
  ];

  @property({ attribute: false }) problems: readonly ShownProblem[] = [];
  @property({ attribute: false }) kept: KeptState = { hasRun: false };
  @property({ attribute: false }) notices: readonly string[] = [];
  /** Kernels that the self-test found wrong. */
  @property({ attribute: false }) wrongKernels: readonly string[] = [];
  /** The newest run of this browser, unfinished ones first, while no other is open. */
  @property({ attribute: false }) savedRun: SavedRun | undefined;
  /** A run that another tab has open, while none is open here. */
  @property({ attribute: false }) elsewhere: SavedRun | undefined;
  /** What is replayed, and the title of its preset. */
  @property({ attribute: false }) recorded: RunRecord | undefined;
  /** Whether a recording may still come: its place is kept, so that nothing moves when it does. */
  @property({ type: Boolean }) isRecordingAwaited = false;
  /** What the open run is called, which stands in the recording's place. */
  @property() runTitle = '';
  @property() recordedTitle = '';
  /** Title of the preset that Train would start. */
  @property() nextTitle = '';
  /** Whether a run may be started or opened now. */
  @property({ type: Boolean }) canStart = false;
  /** Whether something runs, which is not interrupted. */
  @property({ type: Boolean }) isBusy = false;
  @state() private isOfferDeclined = false;
  readonly #offline = new OfflineCopy(this);
  @state() private declinedReload: ReloadReason | undefined;

  protected override render() {
    const { reason } = this.#offline;
    return html`<div class="strips">
      <problem-list .problems=${this.problems} .kept=${this.kept}></problem-list>
      ${this.notices.length === 0 ? nothing : this.#notices()}
      ${reason === undefined || reason === this.declinedReload ? nothing : this.#reload(reason)}
      ${this.wrongKernels.length > 0 ? this.#wrong() : nothing}
      ${this.savedRun !== undefined && !this.isOfferDeclined ? this.#offer(this.savedRun) : nothing}
      ${this.elsewhere === undefined ? nothing : this.#elsewhere(this.elsewhere)}
      ${this.recorded === undefined ? this.#placeOfRecording() : this.#recording(this.recorded)}
    </div>`;
  }

  #notices() {
    return html`<div class="strip notices" role="status">
      <div>${this.notices.map((notice) => html`<p>${notice}</p>`)}</div>
      <button class="plain" aria-label="Close the notices" @click=${() => emit(this, 'dismiss-notices', undefined)}>Close</button>
    </div>`;
  }

  #reload(reason: ReloadReason) {
    const isNewer = reason === 'newer';
    return html`<div class="strip reload" role="status">
      <span>
        <strong>${isNewer ? 'A newer version of this page is here.' : 'This page can use more of your processor.'}</strong>
        ${isNewer ? 'It takes the place of this one when you say so.' : 'Loaded once more, its threads may share memory.'}
        ${this.isBusy ? 'What runs now comes first: pause it, or wait for its end.' : 'A run that is open is saved before.'}
      </span>
      <button ?disabled=${this.isBusy} @click=${() => emit(this, 'load-page', { load: () => this.#offline.load() })}>Load it</button>
      <button
        @click=${() => {
          this.declinedReload = reason;
        }}
      >
        Not now
      </button>
    </div>`;
  }

  #wrong() {
    return html`<div class="strip wrong" role="alert">
      <span>
        <strong>This device computes some kernels wrongly:</strong> ${this.wrongKernels.join(', ')}. What is trained
        here cannot be trusted. A newer browser or driver may help.
      </span>
      <button ?disabled=${!this.canStart} @click=${() => emit(this, 'train', { isTrusted: true })}>Train anyway</button>
    </div>`;
  }

  #elsewhere({ title, step, totalSteps }: SavedRun) {
    return html`<div class="strip elsewhere" role="status">
      <span>
        <strong>Open in another tab:</strong> ${title}, saved at step ${formatCount(step)} of ${formatCount(totalSteps)}.
        It goes on there; its record can be looked at here.
      </span>
      <a href="#runs">Look at it</a>
    </div>`;
  }

  #offer(saved: SavedRun) {
    const isOver = saved.step >= saved.totalSteps;
    return html`<div class="strip" role="region" aria-label="Saved run">
      <span>
        <strong>${isOver ? 'Open the model that you trained?' : 'Continue where you left off?'}</strong> ${saved.title}, step ${formatCount(saved.step)} of
        ${formatCount(saved.totalSteps)}, saved ${describeTime(saved.savedAt)}.
      </span>
      <button
        class="primary"
        ?disabled=${!this.canStart}
        @click=${() => emit(this, 'open-saved', { id: saved.id, isContinued: !isOver })}
      >
        ${isOver ? 'Open' : 'Continue'}
      </button>
      <button
        @click=${() => {
          this.isOfferDeclined = true;
        }}
      >
        Not now
      </button>
    </div>`;
  }

  #placeOfRecording() {
    if (this.runTitle !== '') {
      return html`<div class="strip recorded run">
        <span><span class="tape">This run</span> ${this.runTitle}, kept in this browser.</span>
        <a class="small" href="#runs">Name it, write a note on it, compare it with others</a>
      </div>`;
    }
    if (!this.isRecordingAwaited) return nothing;
    // As long as what comes, on any width.
    return html`<div class="strip recorded awaited" aria-hidden="true">
      <span>
        <span class="tape">Recorded</span> What you see is a run that was made before: Pico on a software GPU, Nov 30,
        2026, 10:00 AM. Press Train to see it on this machine.
      </span>
      <button tabindex="-1">Replay</button>
      <details class="small"><summary tabindex="-1">details</summary></details>
    </div>`;
  }

  #recording({ device, startedAt, note }: RunRecord) {
    return html`<div class="strip recorded">
      <span>
        <span class="tape">Recorded</span>
        What you see is a run that was made before: ${this.recordedTitle} on ${recordedDeviceName(device)},
        ${describeTime(startedAt)}. Press Train to see
        ${this.nextTitle === '' || this.nextTitle === this.recordedTitle ? 'it' : this.nextTitle} on this machine.
      </span>
      <button @click=${() => emit(this, 'replay', undefined)}>Replay</button>
      <details class="small muted">
        <summary>details</summary>
        ${deviceDetails(device)}${note === undefined ? nothing : html`, by <code>${note}</code>`}
      </details>
    </div>`;
  }
}
