// What the experiment should cost, before anything runs: parameters, memory, flops by convention, pace.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Prediction } from '../../contract/runs.ts';
import { parametersSentence } from '../../text/number-sentences.ts';
import { formatCount, formatDuration, formatSeconds, formatSi, formatSpread } from '../../text/numbers.ts';
import { workPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';
import type { Job } from '../state/state.ts';
import '../figures/glossary-term.ts';
import './memory-bar.ts';

@customElement('prediction-panel')
export class PredictionPanel extends LitElement {
  static override readonly styles = workPanel(css`
    /* The place of what comes later: nothing below moves then. */
    .panel {
      min-height: 475px;
    }
    .panel.essential {
      min-height: 240px;
    }
    .figures {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(118px, 1fr));
      gap: 10px;
      margin-bottom: 12px;
      min-height: 104px; /* of two rows */
      align-content: start;
    }
    .predicted {
      color: var(--predicted);
    }
    p.row {
      margin-bottom: 12px;
      min-height: 76px;
      align-content: start;
    }
    memory-bar {
      display: block;
      min-height: 150px; /* with what was allocated */
      margin-bottom: 12px;
    }
    details summary {
      cursor: pointer;
    }
    .conventions {
      display: grid;
      grid-template-columns: minmax(0, 1fr) auto;
      gap: 0 10px;
      margin: 6px 0;
    }
    .conventions .small {
      grid-column: 1 / -1;
      margin-bottom: 6px;
    }
  `);

  @property({ attribute: false }) prediction: Job<Prediction> = { kind: 'none' };
  @property({ attribute: false }) allocatedBytes: number | undefined;
  @property({ type: Boolean }) canCalibrate = false;
  @property({ type: Boolean }) isCalibrating = false;
  /** Without memory and conventions. */
  @property({ type: Boolean }) isEssential = false;

  protected override render() {
    return html`<section class="panel ${this.isEssential ? 'essential' : ''}" aria-labelledby="title">
      <div class="head"><h2 id="title">Prediction</h2></div>
      ${this.#body()}
    </section>`;
  }

  #body() {
    const { prediction } = this;
    switch (prediction.kind) {
      case 'running':
        return html`<p class="muted">Predicting what this costs …</p>`;
      case 'none':
        return html`<p class="muted">Costs appear here as soon as a device is open.</p>`;
      case 'failed':
        return html`<p class="bad">${prediction.problem.message}</p>`;
      case 'done':
        return this.#figures(prediction.value);
      default:
        return prediction satisfies never;
    }
  }

  #figures(value: Prediction) {
    return html`<div class="figures">
        <div>
          <div class="figure">${formatSi(value.parameters)}</div>
          <div class="name"><glossary-term term="parameter" .said=${parametersSentence(value.parameters, value.flopsPerToken[0]?.flops)}>parameters</glossary-term></div>
        </div>
        ${value.secondsPerStep === undefined ? nothing : this.#pace(value)}
      </div>
      ${value.secondsPerStep === undefined ? this.#invitation() : value.isQuick ? this.#quickly(value) : nothing}
      ${this.isEssential ? nothing : this.#details(value)}`;
  }

  /** Memory by class, and flops by convention. */
  #details(value: Prediction) {
    return html`<memory-bar .memory=${value.memoryBytes} .allocatedBytes=${this.allocatedBytes}></memory-bar>
      <details>
        <summary>
          ${formatSi(value.flopsPerToken[0]?.flops, 'FLOP')} a token
          <span class="muted">(${value.flopsPerToken[0]?.convention ?? ''}), and other conventions</span>
        </summary>
        <dl class="conventions">
          ${value.flopsPerToken.map(
            ({ convention, flops, parameters, note }) =>
              html`<dt>${convention}</dt>
                <dd>${formatSi(flops, 'FLOP')}</dd>
                <dd class="small muted">${note} N = ${formatCount(parameters)}.</dd>`,
          )}
        </dl>
        <p class="small muted">
          ${formatCount(value.tokensPerStep)} tokens and ${formatCount(value.dispatchesPerStep)} dispatches a step. A
          multiply-add counts as two.
        </p>
      </details>`;
  }

  /** What is expected of this device. */
  #pace(value: Prediction) {
    return html`<div>
        <div class="figure predicted">${formatSeconds(value.secondsPerStep)}</div>
        <div class="name"><glossary-term term="step">a step</glossary-term> ${formatSpread(value.relativeError)}</div>
      </div>
      <div>
        <div class="figure predicted">${formatSi(value.tokensPerSecond)}</div>
        <div class="name"><glossary-term term="tokens-per-second">tokens/s</glossary-term> ${formatSpread(value.relativeError)}</div>
      </div>
      <div>
        <div class="figure predicted">${formatDuration(value.totalSeconds)}</div>
        <div class="name">whole run</div>
      </div>`;
  }

  /** What the seconds rest on, and how they get better. */
  #quickly({ relativeError }: Prediction) {
    return html`<p class="row small">
      <span class="muted">A quick estimate ${formatSpread(relativeError)}: this device was measured within seconds, for one experiment; while it trains, the rest follows bit by bit.</span>
      <button ?disabled=${this.isCalibrating} @click=${() => emit(this, 'calibrate', undefined)}>Calibrate in full</button>
    </p>`;
  }

  #invitation() {
    if (!this.canCalibrate) return html`<p class="small muted">Times cannot be predicted on this device.</p>`;
    return html`<p class="row small">
      <span class="muted">How fast it trains here is known once this device is measured, which Train does first.</span>
      <button ?disabled=${this.isCalibrating} @click=${() => emit(this, 'calibrate', undefined)}>Calibrate</button>
    </p>`;
  }
}
