// Tokens per second, measured against predicted; MFU with its denominator; where the time of a step goes.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { StepTiming } from '../../contract/runs.ts';
import { utilizationSentence } from '../../text/number-sentences.ts';
import { formatPercent, formatRatio, formatSeconds, formatSi, formatSpread } from '../../text/numbers.ts';
import { stackedBar } from '../figures/bars.ts';
import { readoutPanel } from '../figures/style-sets.ts';
import '../figures/glossary-term.ts';

@customElement('throughput-gauge')
export class ThroughputGauge extends LitElement {
  static override readonly styles = readoutPanel(css`
    /* The place of what comes later: nothing below moves then. */
    .panel {
      min-height: 258px;
    }
    .big {
      display: flex;
      align-items: baseline;
      gap: 8px;
      flex-wrap: wrap;
      margin-bottom: 8px;
    }
    .big .figure {
      font-size: 32px;
      font-weight: 500;
      letter-spacing: -0.025em;
    }
    svg.bar {
      height: 22px;
    }
    .measured {
      fill: var(--train);
      color: var(--train);
    }
    .band {
      fill: var(--predicted);
      opacity: 0.28;
    }
    line.predicted {
      stroke: var(--predicted);
      stroke-width: 2.5;
    }
    .track {
      display: grid;
    }
    .track > svg {
      grid-area: 1 / 1;
    }
    .track > svg + svg {
      background: none;
    }
    .scale {
      display: flex;
      flex-wrap: wrap;
      gap: 2px 14px;
      margin: 5px 0 14px;
      font-size: 12.5px;
    }
    .scale .predicted {
      color: var(--predicted);
    }
    .split {
      margin-top: 14px;
    }
    .split svg.bar {
      height: 12px;
      margin: 6px 0;
    }
    .encode {
      fill: var(--class-3);
      color: var(--class-3);
    }
    .gpu {
      fill: var(--class-1);
      color: var(--class-1);
    }
    .readback {
      fill: var(--class-4);
      color: var(--class-4);
    }
    .parts {
      display: flex;
      flex-wrap: wrap;
      gap: 2px 14px;
      font-size: 12.5px;
    }
  `);

  /** Measured tokens per second of recent steps. */
  @property({ attribute: false }) measured: number | undefined;
  @property({ attribute: false }) predictedTokensPerSecond: number | undefined;
  /** Relative half-width of the prediction. */
  @property({ attribute: false }) relativeError: number | undefined;
  /** Whether the prediction rests on a calibration of a few seconds. */
  @property({ type: Boolean }) isQuick = false;
  @property({ attribute: false }) timing: StepTiming | undefined;
  /** What computes: `GPU`, or `processor`. */
  @property() worker = 'GPU';
  /** The two rates alone. */
  @property({ type: Boolean }) isEssential = false;
  /** True when the figures are those of the recording. */
  @property({ type: Boolean }) isRecorded = false;

  protected override render() {
    const { measured, predictedTokensPerSecond: predicted, relativeError } = this;
    const ratio = measured === undefined || predicted === undefined ? undefined : measured / predicted;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Throughput</h2></div>
      <div class="big">
        <span class="figure" id="measured">${formatSi(measured)}</span>
        <span class="muted"><glossary-term term="tokens-per-second">tokens/s</glossary-term> ${this.isRecorded ? 'recorded' : 'measured'}</span>
      </div>
      ${predicted === undefined ? nothing : this.#gauge(measured, predicted, relativeError ?? 0)}
      <p class="scale">
        <span class="predicted">
          ${predicted === undefined ? 'no prediction yet' : `${formatSi(predicted)} predicted`}
          ${formatSpread(relativeError)}${this.isQuick && predicted !== undefined ? ', quickly' : nothing}
        </span>
        ${ratio === undefined ? nothing : html`<span>measured is ${formatRatio(ratio)} the prediction</span>`}
      </p>
      ${this.isEssential ? nothing : [this.#utilization(), this.#split()]}
    </section>`;
  }

  #gauge(measured: number | undefined, predicted: number, spread: number) {
    const whole = Math.max(measured ?? 0, predicted * (1 + spread)) * 1.15 || 1;
    const bar = stackedBar(
      `Measured ${formatSi(measured)} tokens per second, predicted ${formatSi(predicted)}`,
      [{ name: 'Measured', share: (measured ?? 0) / whole, className: 'measured' }],
      [{ share: predicted / whole, className: 'predicted' }],
    );
    if (spread <= 0) return bar;
    const band = stackedBar('Range of the prediction', [
      { name: '', share: (predicted * (1 - spread)) / whole, className: 'sr' },
      { name: 'Range of the prediction', share: (2 * predicted * spread) / whole, className: 'band' },
    ]);
    return html`<div class="track">${bar}${band}</div>`;
  }

  #utilization() {
    const { timing } = this;
    const share = timing?.modelFlopsUtilization;
    if (share === undefined) return nothing;
    return html`<dl class="pairs">
      <dt><glossary-term term="model-flops-utilization" .said=${utilizationSentence(share, timing?.peakFlopsPerSecond, this.worker)}>Model flops utilization</glossary-term></dt>
      <dd>${formatPercent(share)}</dd>
      ${
        timing?.peakFlopsPerSecond === undefined
          ? nothing
          : html`<dt class="small">of the measured <glossary-term term="fma-peak">FMA peak</glossary-term></dt>
              <dd class="small muted">${formatSi(timing.peakFlopsPerSecond, 'FLOP/s')}</dd>`
      }
    </dl>`;
  }

  #split() {
    const { timing } = this;
    if (timing === undefined) return nothing;
    const { encodeSeconds, gpuSeconds, readbackSeconds, stepSeconds, predictedSeconds } = timing;
    const whole = Math.max(stepSeconds, encodeSeconds + gpuSeconds + readbackSeconds) || 1;
    const parts = [
      { name: 'encode', seconds: encodeSeconds, className: 'encode' },
      { name: this.worker, seconds: gpuSeconds, className: 'gpu' },
      { name: 'readback', seconds: readbackSeconds, className: 'readback' },
    ];
    return html`<div class="split">
      <dl class="pairs">
        <dt><glossary-term term="step">A step</glossary-term> (median)</dt>
        <dd>
          ${formatSeconds(stepSeconds)}
          ${
            predictedSeconds === undefined
              ? nothing
              : html`<span class="muted">of ${formatSeconds(predictedSeconds)} predicted</span>`
          }
        </dd>
      </dl>
      ${stackedBar(
        'Where the time of a step goes',
        parts.map(({ name, seconds, className }) => ({ name, share: seconds / whole, className })),
      )}
      <div class="parts">
        ${parts.map(
          ({ name, seconds, className }) =>
            html`<span><span class="key ${className}"></span>${name} ${formatSeconds(seconds)}</span>`,
        )}
      </div>
    </div>`;
  }
}
