// The transport: train, pause, resume, step, stop, with the state of the run, its progress and the time left.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { Preset } from '../../contract/form.ts';
import { formatCount, formatDuration } from '../../text/numbers.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';
import { type Job, type MeasureFirst, noRun, type RunView, remainingSeconds } from '../state/state.ts';

const stateWords: Readonly<Record<RunView['state'], string>> = {
  idle: 'Ready',
  preparing: 'Preparing',
  running: 'Training',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
  diverged: 'Diverged',
  failed: 'Failed',
};

const keyboardHint = html`<span
  ><kbd>space</kbd> pause or resume, <kbd>s</kbd> one step. Training goes on in a hidden tab.</span
>`;

/** How the device may be measured before a run. */
const measureWords: readonly { readonly value: MeasureFirst; readonly words: string }[] = [
  { value: 'quickly', words: 'quickly, for it alone (5 s)' },
  { value: 'fully', words: 'in full, once (20 to 60 s)' },
  { value: 'never', words: 'not at all' },
];

@customElement('run-controls')
export class RunControls extends LitElement {
  static override readonly styles = controlPanel(css`
    :host {
      container-type: inline-size;
    }
    .panel {
      display: grid;
      grid-template-columns: minmax(0, 1fr); /* as wide as the panel, however long a kernel's name */
      gap: 10px;
    }
    .transport {
      min-height: 44px; /* of the status with its second line */
    }
    .transport button {
      min-height: 36px;
      padding: 5px 14px;
    }
    .transport .primary {
      min-width: 116px;
      font-size: 15px;
    }
    .transport svg {
      width: 12px;
      height: 12px;
      fill: currentColor;
      flex: none;
    }
    .status {
      margin-left: auto;
      text-align: right;
    }
    /* Names of kernels are long, and come and go: they wrap nothing. */
    .status.measuring {
      flex: 1 1 200px;
      min-width: 0;
    }
    .status.measuring strong {
      display: block;
      white-space: nowrap;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .status div {
      min-height: 1.45em; /* of what is said of the steps, where the status has a line of its own */
    }
    .status strong {
      font-size: 15px;
      font-weight: 600;
    }
    /* What it says grows and shrinks: beside the buttons there is room for none of it, or for all. */
    @container (max-width: 590px) {
      .status,
      .status.measuring {
        flex: 1 1 100%;
        text-align: left;
      }
    }
    progress {
      appearance: none;
      display: block;
      width: 100%;
      height: 6px;
      border: 0;
      border-radius: 3px;
      overflow: hidden;
      background: var(--inset);
    }
    progress::-webkit-progress-bar {
      background: var(--inset);
    }
    progress::-webkit-progress-value {
      background: var(--accent);
    }
    progress::-moz-progress-bar {
      background: var(--accent);
    }
    kbd {
      font: 11px var(--mono);
      border: 1px solid var(--line);
      border-radius: 4px;
      padding: 0 4px;
      color: var(--muted);
    }
    .measure select {
      width: auto;
      min-height: 26px;
      padding: 1px 4px;
      font-size: 12.5px;
    }
    .later {
      gap: 6px 10px;
    }
    .later input {
      width: 86px;
      min-height: 30px;
    }
    .later label {
      display: inline-flex;
      gap: 6px;
      align-items: center;
    }
    /* Its height is that of the longest that it says: the hint takes the promise's place, and the device may be asked for. */
    .foot {
      justify-content: space-between;
      align-content: start;
      gap: 4px 16px;
      min-height: 152px;
    }
    .foot.essential {
      min-height: 96px;
    }
    .foot > :first-child {
      flex: 1 1 100%;
    }
    @media (min-width: 480px) {
      .foot {
        min-height: 96px;
      }
      .foot.essential {
        min-height: 60px;
      }
    }
    @media (min-width: 1340px) {
      .foot {
        min-height: 76px;
      }
    }
  `);

  @property({ attribute: false }) run: RunView = noRun;
  /** What the page waits for. */
  @property() busy = '';
  /** The job that prepares the device: its words and share while it runs. */
  @property({ attribute: false }) deviceJob: Job<unknown> = { kind: 'none' };
  @property({ type: Boolean }) canCalibrate = false;
  /** Without the choice of how the device is measured. */
  @property({ type: Boolean }) isEssential = false;
  @property() measureFirst: MeasureFirst = 'quickly';
  /** False until the worker has said what there is to train. */
  @property({ type: Boolean }) isReady = false;
  /** Seconds that the whole run of the form should take here, where that is known. */
  @property({ attribute: false }) expectedSeconds: number | undefined;
  /** In which settings the form is not the open run any more, in one line. */
  @property() changes = '';
  @query('input.more') private readonly moreInput: HTMLInputElement | undefined;
  /** What computes, in words. */
  @property() worker = 'this device';
  /** What this machine trains in a minute, where the form holds something much longer. */
  @property({ attribute: false }) smallerPreset: Preset | undefined;

  protected override render() {
    return html`<section class="panel" aria-label="Run">
      <div class="row transport">${this.#buttons()}${this.#status()}</div>
      ${this.#progress()}
      ${(this.run.collapsed ?? []).map(
        (why) =>
          html`<p class="small" role="alert">
            <strong class="bad">Router collapsed.</strong> ${why} <a href="#inside">Look inside</a>
          </p>`,
      )}
      ${canGoOn(this.run) ? this.#later() : nothing}
      <div class="row foot small muted ${this.isEssential ? 'essential' : ''}">
        ${this.#suggestion() ?? (this.run.state === 'idle' ? this.#promise() : keyboardHint)}
        ${
          this.canCalibrate && !this.isEssential
            ? html`<label class="measure">
                Measure this device before a run
                <select @change=${this.#chooseMeasure}>
                  ${measureWords.map(
                    ({ value, words }) =>
                      html`<option value=${value} .selected=${value === this.measureFirst}>${words}</option>`,
                  )}
                </select>
              </label>`
            : nothing
        }
      </div>
    </section>`;
  }

  #chooseMeasure(event: Event): void {
    const { selectedIndex } = event.target as HTMLSelectElement;
    const chosen = measureWords[selectedIndex];
    if (chosen !== undefined) emit(this, 'change-measure-first', { value: chosen.value });
  }

  #buttons() {
    const { state } = this.run;
    const isWaiting = this.busy !== '' || !this.isReady;
    const isActive = state === 'running' || state === 'paused' || state === 'preparing';
    // One button for all three, so that it keeps the keyboard when its meaning changes.
    const [event, label, shape] =
      state === 'running'
        ? (['pause', 'Pause', 'pause'] as const)
        : state === 'paused'
          ? (['resume', 'Resume', 'play'] as const)
          : (['train', 'Train', 'play'] as const);
    return html`${this.#button(event, label, shape, state !== 'running' && (isWaiting || state === 'preparing'))}
    ${this.#button('step', 'Step', 'step', state !== 'paused' || isWaiting)}
    ${this.#button('stop', 'Stop', 'stop', !isActive)}`;
  }

  /** A button that keeps the keyboard while it is off, as `disabled` would not. */
  #button(
    event: 'train' | 'pause' | 'resume' | 'step' | 'stop',
    label: string,
    shape: keyof typeof shapes,
    isOff: boolean,
  ) {
    const isMain = event !== 'step' && event !== 'stop';
    return html`<button
      class=${isMain ? 'primary' : ''}
      aria-disabled=${isOff ? 'true' : 'false'}
      @click=${() => {
        if (!isOff) emit(this, event, undefined);
      }}
    >
      ${icon(shape)} ${label}
    </button>`;
  }

  #status() {
    const { run } = this;
    const words =
      this.deviceJob.kind === 'running' ? this.deviceJob.what : this.busy || stateWords[run.state];
    const remaining = run.state === 'running' ? remainingSeconds(run) : undefined;
    const step = run.last?.step ?? 0;
    return html`<div class="status ${this.deviceJob.kind === 'running' ? 'measuring' : ''}">
      <strong role="status">${words}</strong>
      ${run.message === '' ? nothing : html`<span class="small muted"> ${run.message}</span>`}
      <div class="small muted">
        ${[
          run.totalSteps > 0 ? `step ${formatCount(step)} of ${formatCount(run.totalSteps)}` : '',
          remaining === undefined ? '' : `${formatDuration(remaining)} left`,
          isOver(run) && this.expectedSeconds !== undefined
            ? `a run takes about ${formatDuration(Math.max(1, this.expectedSeconds))} on ${this.worker}`
            : '',
        ]
          .filter((part) => part !== '')
          .join(' · ')}
      </div>
    </div>`;
  }

  /** A run is not over when its steps are: it takes more, or a copy of it goes another way. */
  #later() {
    const { run } = this;
    const isOff = this.busy !== '' || !this.isReady;
    const usual = Math.max(1, Math.round(run.totalSteps / 2));
    return html`<div class="row later small" role="group" aria-label="Go on with this run">
      <label>
        <span class="muted">more steps</span>
        <input class="more" type="number" min="1" max="10000000" .value=${String(usual)} />
      </label>
      <button
        ?disabled=${isOff}
        @click=${() => {
          const steps = this.moreInput?.valueAsNumber ?? usual;
          emit(this, 'extend-run', { steps: Number.isInteger(steps) && steps > 0 ? steps : usual });
        }}
      >
        Train on
      </button>
      <button
        ?disabled=${isOff}
        title="A copy goes on from here with the settings of the form; this run stays as it is"
        @click=${() => emit(this, 'fork-run', undefined)}
      >
        Fork
      </button>
      <span class="muted">
        ${run.title ?? ''}${this.changes === '' ? '' : `; a fork would have ${this.changes}`}
      </span>
    </div>`;
  }

  /** What one press does, before the first. */
  #promise() {
    const seconds = this.expectedSeconds;
    const length =
      seconds === undefined ? 'until it is done' : `for about ${formatDuration(Math.max(1, seconds))}`;
    const measures = this.canCalibrate && this.measureFirst !== 'never';
    const sum = `checks ${this.worker}${measures ? ', measures it' : ''}, predicts its pace, trains the model ${length}`;
    // A sentence that changes is another: what is kept of it would be seen to move when its lines break elsewhere.
    return keyed(
      sum,
      html`<span class="promise">
        One press on <strong>Train</strong>
        ${sum} and shows what it writes: predicted and measured stand side by side.
      </span>`,
    );
  }

  /** Takes the place of what the foot says else: it comes with the prediction, and nothing moves. */
  #suggestion() {
    const { smallerPreset: preset } = this;
    if (preset === undefined || !isOver(this.run)) return undefined;
    return html`<p class="row small suggestion">
      <span class="warn">That is long. ${preset.title} takes about a minute.</span>
      <button @click=${() => emit(this, 'choose-preset', { id: preset.id })}>Choose ${preset.title}</button>
    </p>`;
  }

  #progress() {
    const { run, deviceJob } = this;
    if (deviceJob.kind === 'running') {
      return html`<progress aria-label=${deviceJob.what} max="1" .value=${deviceJob.share}></progress>`;
    }
    if (run.state === 'preparing') {
      return html`<progress aria-label="Preparation" max="1" .value=${run.progress ?? 0}></progress>`;
    }
    const share = run.totalSteps > 0 ? (run.last?.step ?? 0) / run.totalSteps : 0;
    return html`<progress aria-label="Progress of the run" max="1" .value=${share}></progress>`;
  }
}

/** Whether there are steps to go on from, and none is being taken. */
function canGoOn({ state, last }: RunView): boolean {
  return last !== undefined && ['paused', 'finished', 'stopped'].includes(state);
}

/** Whether Train begins a run. */
function isOver({ state }: RunView): boolean {
  return state !== 'preparing' && state !== 'running' && state !== 'paused';
}

const shapes = {
  play: 'M2 1l9 5-9 5z',
  pause: 'M2 1h3v10H2zM7 1h3v10H7z',
  step: 'M1 1l6 5-6 5zM8 1h2.500v10H8z',
  stop: 'M1.500 1.500h9v9h-9z',
} as const;

function icon(name: keyof typeof shapes) {
  return html`<svg viewBox="0 0 12 12" aria-hidden="true"><path d=${shapes[name]}></path></svg>`;
}
