// What calibration gained by timing other variants of the kernels: by preset, and which are taken instead of which.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { CalibrationReport } from '../../contract/device.ts';
import { formatCount, formatRatio } from '../../text/numbers.ts';
import { dataTable, numbers } from '../figures/data-table.ts';
import { baseStyles, panelStyles } from '../figures/styles.ts';

@customElement('tuning-figure')
export class TuningFigure extends LitElement {
  static override readonly styles = [
    baseStyles,
    panelStyles,
    css`
      .scroll {
        overflow-x: auto;
      }
    `,
  ];

  @property({ attribute: false }) calibration: CalibrationReport | undefined;

  protected override render() {
    const { choices = [], presets = [] } = this.calibration ?? {};
    if (presets.length === 0) return nothing;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Variants for this device</h2></div>
      <p>
        Calibration timed other variants of the kernels, each once it had agreed with its reference, and what is quicker
        here is taken. A training step is expected to be
        ${presets.map(({ title, gain }, index) => html`${index === 0 ? '' : ', '}${formatRatio(gain)} (${title})`)}
        as fast as with the built-in order.
      </p>
      ${
        choices.length === 0
          ? html`<p class="muted">None was quicker by more than 3 %: the built-in order stays.</p>`
          : dataTable(
              'Variants taken',
              ['Built-in', 'Taken here', numbers('Dispatches'), numbers('As fast')],
              choices.map(({ builtIn, taken, dispatches, gain }) => [
                builtIn,
                taken,
                formatCount(dispatches),
                formatRatio(gain),
              ]),
            )
      }
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tuning-figure': TuningFigure;
  }
}
