// The named experiments as cards, and in one line how the form differs from the chosen one.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Preset } from '../worker/api.ts';
import { emit } from './events.ts';
import { baseStyles, controlStyles, panelStyles } from './styles.ts';

@customElement('preset-picker')
export class PresetPicker extends LitElement {
  static override readonly styles = [
    baseStyles,
    panelStyles,
    controlStyles,
    css`
      .cards {
        display: grid;
        gap: 6px;
      }
      label {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0 9px;
        padding: 8px 10px;
        border: 1px solid var(--line);
        border-radius: 8px;
        cursor: pointer;
      }
      label:hover {
        background: var(--inset);
      }
      label:has(:checked) {
        border-color: var(--accent);
        background: color-mix(in oklab, var(--accent) 7%, var(--panel));
      }
      label:focus-within:has(:focus-visible) {
        outline: 2px solid var(--accent);
        outline-offset: 2px;
      }
      input {
        grid-row: span 2;
        margin: 3px 0 0;
        accent-color: var(--accent);
      }
      input:focus-visible {
        outline: none;
      }
      strong {
        font-weight: 600;
      }
      .note {
        font-size: 12px;
        color: var(--muted);
      }
      label:not(:has(:checked)) .note {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        line-clamp: 2;
        overflow: hidden;
      }
      .difference {
        margin-top: 10px;
        font-size: 12.5px;
      }
    `,
  ];

  @property({ attribute: false }) presets: readonly Preset[] = [];
  @property() presetId = '';
  /** How the form differs from the preset; empty when it does not. */
  @property() difference = '';
  /** How the form differs from the run on the device; empty when it does not or there is none. */
  @property() sinceRun = '';

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Experiment</h2></div>
      <div class="cards" role="radiogroup" aria-labelledby="title">
        ${this.presets.map(
          ({ id, title, note }) =>
            html`<label>
              <input
                type="radio"
                name="preset"
                value=${id}
                .checked=${id === this.presetId}
                @change=${() => emit(this, 'choose-preset', { id })}
              />
              <strong>${title}</strong>
              <span class="note">${note}</span>
            </label>`,
        )}
      </div>
      ${
        this.difference === ''
          ? nothing
          : html`<p class="difference">
              <span class="muted">Changed:</span> <span class="mono">${this.difference}</span>
              <button class="plain small" @click=${() => emit(this, 'choose-preset', { id: this.presetId })}>
                Reset
              </button>
            </p>`
      }
      ${
        this.sinceRun === ''
          ? nothing
          : html`<p class="difference warn">
              Since this run started: <span class="mono">${this.sinceRun}</span>. It counts from the next run on.
            </p>`
      }
    </section>`;
  }
}
