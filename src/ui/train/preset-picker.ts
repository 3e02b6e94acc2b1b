// The named experiments as cards, and in one line how the form differs from the chosen one.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Preset } from '../../contract/form.ts';
import { baseStyles, controlStyles, panelStyles } from '../figures/styles.ts';
import { emit } from '../state/events.ts';

/** Sizes of a preset, in times its parameters. */
const sizes = [
  { factor: 0.25, label: '¼' },
  { factor: 0.5, label: '½' },
  { factor: 1, label: '1' },
  { factor: 2, label: '2' },
  { factor: 4, label: '4' },
] as const;

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
      .head label {
        display: inline-flex;
        gap: 6px;
        align-items: center;
        padding: 0;
        border: 0;
        font-size: 13px;
      }
      .head label:hover {
        background: none;
      }
      .head select {
        width: auto;
        min-height: 26px;
        padding: 1px 4px;
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

  /** Title of the experiment whose changed settings this choice replaced; empty where none were. */
  @property() replaced = '';
  @state() private size = 1;

  protected override willUpdate(changes: PropertyValues<this>): void {
    // What is as the preset has it has its size.
    if (changes.has('presetId') || (changes.has('difference') && this.difference === '')) this.size = 1;
  }

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Experiment</h2>
        <label title="Parameters of the model, in times those of the experiment; its proportions are kept">
          <span class="muted">size</span>
          <select aria-label="Size" ?disabled=${this.presetId === ''} @change=${this.#onSize}>
            ${sizes.map(
              ({ factor, label }) => html`<option .selected=${factor === this.size}>${label} ×</option>`,
            )}
          </select>
        </label>
      </div>
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
        this.replaced === ''
          ? nothing
          : html`<p class="difference replaced" role="status">
              Your changed settings of ${this.replaced} were replaced.
              <button class="plain small" @click=${() => emit(this, 'undo-choice', undefined)}>Undo</button>
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

  #onSize(event: Event): void {
    const { factor } = sizes[(event.target as HTMLSelectElement).selectedIndex] ?? sizes[2];
    this.size = factor;
    emit(this, 'choose-size', { factor });
  }
}
