// How the form differs from the chosen experiment and from the run, then all experiments: grouped, and found by words.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Preset } from '../../contract/form.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';
import '../figures/copy-link.ts';

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
  static override readonly styles = controlPanel(css`
    /* The place of what comes later: nothing below moves then. */
    :host([isessential]) .panel {
      height: 385px;
    }
    .panel {
      height: 500px;
      display: flex;
      flex-direction: column;
    }
    .search {
      margin-bottom: 8px;
    }
    .cards {
      display: grid;
      gap: 2px;
      flex: 1 1 auto;
      min-height: 0;
      align-content: start;
      overflow-y: auto;
      /* Room for the ring of what has the keyboard. */
      padding: 3px;
      margin: 0 -3px;
    }
    .cards h3 {
      margin: 8px 0 2px;
      font-size: 11.5px;
      font-weight: 600;
      color: var(--muted);
    }
    .cards h3:first-child {
      margin-top: 0;
    }
    label {
      display: grid;
      grid-template-columns: auto minmax(0, 1fr);
      gap: 0 9px;
      padding: 4px 8px;
      border: 1px solid transparent;
      border-radius: 7px;
      cursor: pointer;
    }
    label:hover {
      background: var(--inset);
    }
    label.chosen {
      padding: 7px 8px;
      border-color: var(--accent);
      background: color-mix(in oklab, var(--accent) 7%, var(--panel));
    }
    label:focus-within:has(:focus-visible) {
      outline: 2px solid var(--accent);
      outline-offset: 2px;
    }
    .cards input {
      grid-row: span 2;
      margin: 3px 0 0;
      accent-color: var(--accent);
    }
    input:focus-visible {
      outline: none;
    }
    strong {
      font-weight: 550;
    }
    .note {
      font-size: 12px;
      color: var(--muted);
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
    copy-link {
      margin-top: 8px;
    }
    .difference {
      margin-bottom: 8px;
      font-size: 12.5px;
    }
  `);

  @property({ attribute: false }) presets: readonly Preset[] = [];
  @property() presetId = '';
  /** Only those to start with, and the chosen one. */
  @property({ type: Boolean }) isEssential = false;
  /** How the form differs from the preset; empty when it does not. */
  @property() difference = '';
  /** How the form differs from the run on the device; empty when it does not or there is none. */
  @property() sinceRun = '';

  /** Whether the address holds the form: what is no experiment has none. */
  @property({ type: Boolean }) isLinkable = false;
  /** Title of the experiment whose changed settings this choice replaced; empty where none were. */
  @property() replaced = '';
  @state() private size = 1;
  @state() private sought = '';

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
      ${this.presets.length === 0 ? nothing : this.#list()}
      <copy-link place="train" subject="${this.presetId} ${this.difference}" label="Copy the link to this experiment" .isDisabled=${!this.isLinkable}></copy-link>
    </section>`;
  }

  /** What was not there before the presets came cannot be moved by what stands above it. */
  #list() {
    return html`<input
        class="search"
        type="search"
        placeholder="Find: llama, experts, window …"
        aria-label="Find an experiment"
        .value=${this.sought}
        @input=${(event: Event) => {
          this.sought = (event.target as HTMLInputElement).value;
        }}
      />
      <div class="cards" role="radiogroup" aria-labelledby="title">
        ${this.#groups().map(
          ([group, presets]) =>
            html`<h3>${group}</h3>
              ${presets.map((preset) => this.#card(preset))}`,
        )}
        ${this.isEssential && this.sought === '' ? html`<p class="note">Search finds ${this.presets.length} experiments; Everything lists them.</p>` : nothing}
      </div>`;
  }

  /** The presets that are sought, under their headings; the chosen one is always among them. */
  #groups(): readonly (readonly [string, readonly Preset[]])[] {
    const words = this.sought.toLowerCase().split(/\s+/);
    const isSought = ({ id, title, note, group }: Preset): boolean =>
      id === this.presetId || words.every((word) => `${title} ${note} ${group}`.toLowerCase().includes(word));
    const groups = new Map<string, Preset[]>();
    for (const preset of this.presets.filter(isSought))
      groups.set(preset.group, [...(groups.get(preset.group) ?? []), preset]);
    const all = [...groups];
    // A search finds all of them, whatever is shown without one.
    if (!this.isEssential || this.sought !== '') return all;
    const isChosen = ({ id }: Preset): boolean => id === this.presetId;
    return all.flatMap(([group, members], index) => {
      const shown = index === 0 ? members : members.filter(isChosen);
      return shown.length === 0 ? [] : [[group, shown] as const];
    });
  }

  #card({ id, title, note }: Preset) {
    const isChosen = id === this.presetId;
    return html`<label class=${isChosen ? 'chosen' : ''} title=${note}>
      <input
        type="radio"
        name="preset"
        value=${id}
        .checked=${isChosen}
        @change=${() => emit(this, 'choose-preset', { id })}
      />
      <strong>${title}</strong>
      ${isChosen ? html`<span class="note">${note}</span>` : nothing}
    </label>`;
  }

  #onSize(event: Event): void {
    const { factor } = sizes[(event.target as HTMLSelectElement).selectedIndex] ?? sizes[2];
    this.size = factor;
    emit(this, 'choose-size', { factor });
  }
}
