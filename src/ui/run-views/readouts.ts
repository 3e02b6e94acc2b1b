// The figures of the moment: losses, rate, gradient norm, learning rate, each with its recent course.

import { css, html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { StepRecord } from '../../contract/runs.ts';
import { lossSentence, tokensSentence } from '../../text/number-sentences.ts';
import {
  formatDigits,
  formatDuration,
  formatLoss,
  formatSetting,
  formatSi,
  unknown,
} from '../../text/numbers.ts';
import { significant } from '../../text/rounding.ts';
import { bitsPerByte } from '../../theory/bits-per-byte.ts';
import { sparkline } from '../figures/bars.ts';
import { baseStyles, readoutStyles } from '../figures/styles.ts';
import type { RunSeries } from '../state/series.ts';
import { noRun, noSeries, type RunView } from '../state/state.ts';
import { thinOut } from './chart-data.ts';
import '../figures/glossary-term.ts';

/** Points in a small line. */
const sparkLength = 60;

/** A loss in the unit that tokenizers share; a place of its own even while it is not known, so that nothing jumps. */
function inBits(loss: number | undefined, bytesPerToken: number | undefined) {
  const isKnown = loss !== undefined && bytesPerToken !== undefined && bytesPerToken > 0;
  return html`<dd class="name">${isKnown ? `${formatLoss(bitsPerByte(loss, bytesPerToken))} bits per byte` : ''}</dd>`;
}

@customElement('run-readouts')
export class RunReadouts extends LitElement {
  static override readonly styles = [
    baseStyles,
    readoutStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        background: var(--panel);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        overflow: hidden;
      }
      div {
        box-shadow: 0.5px 0.5px 0 0.5px var(--line);
        padding: 8px 12px;
        display: grid;
        grid-template-rows: auto auto;
        grid-auto-rows: 18px;
        gap: 1px;
        min-width: 0;
      }
      .figure {
        font-size: 18px;
      }
      dd.name {
        min-height: 18px;
        white-space: nowrap;
      }
      @media (max-width: 480px) {
        div {
          padding: 8px;
        }
        dd.name {
          font-size: 10.5px;
          line-height: 18px;
        }
      }
      /* The lines of small curves come later, and move nothing then. */
      div {
        min-height: 75px;
      }
      div.train,
      div.validation {
        min-height: 94px;
      }
      .spark {
        width: 100%;
        height: 18px;
      }
      .spark polyline {
        stroke: var(--edge);
        stroke-width: 1.2;
      }
      .train .spark polyline {
        stroke: var(--train);
      }
      .validation .spark polyline {
        stroke: var(--validation);
      }
    `,
  ];

  @property({ attribute: false }) run: RunView = noRun;
  @property({ attribute: false }) series: RunSeries = noSeries;
  /** Of the model that runs; undefined while it is not known. */
  @property({ attribute: false }) parameters: number | undefined;

  protected override render() {
    const { last, lastValidation, bytesPerToken } = this.run;
    const points = thinOut(this.series.points, sparkLength);
    const course = (read: (point: StepRecord) => number) => sparkline(points.map(read));
    const rate = last === undefined ? unknown : formatSetting(significant(last.learningRate, 3));
    return html`<dl>
      <div class="train">
        <dt class="name"><glossary-term term="loss" .said=${lossSentence(last?.loss)}>Training loss</glossary-term></dt>
        <dd class="figure" id="loss">${formatLoss(last?.loss)}</dd>
        ${inBits(last?.loss, bytesPerToken?.training)}
        ${course(({ loss }) => loss)}
      </div>
      <div class="validation">
        <dt class="name"><glossary-term term="validation-loss" .said=${lossSentence(lastValidation)}>Validation loss</glossary-term></dt>
        <dd class="figure">${formatLoss(lastValidation)}</dd>
        ${inBits(lastValidation, bytesPerToken?.validation)}
        ${sparkline(thinOut(this.series.evaluations, sparkLength).map(({ loss }) => loss))}
      </div>
      <div>
        <dt class="name"><glossary-term term="token" .said=${tokensSentence(last?.tokens, this.parameters, bytesPerToken?.training)}>Tokens seen</glossary-term></dt>
        <dd class="figure">${formatSi(last?.tokens)}</dd>
        <dd class="name">${last === undefined ? '' : formatSi(last.flops, 'FLOP')}</dd>
      </div>
      <div>
        <dt class="name"><glossary-term term="gradient-norm">Gradient norm</glossary-term></dt>
        <dd class="figure">${formatDigits(last?.gradientNorm)}</dd>
        ${course(({ gradientNorm }) => gradientNorm)}
      </div>
      <div>
        <dt class="name"><glossary-term term="learning-rate">Learning rate</glossary-term></dt>
        <dd class="figure">${rate}</dd>
        ${course(({ learningRate }) => learningRate)}
      </div>
      <div>
        <dt class="name">Trained for</dt>
        <dd class="figure">${formatDuration(last?.seconds)}</dd>
      </div>
    </dl>`;
  }
}
