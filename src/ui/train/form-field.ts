// One setting: label, control, unit, mark when it differs from the preset, and what is wrong with it.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { FormField } from '../../contract/form.ts';
import { formatSetting } from '../../text/numbers.ts';
import { baseStyles, controlStyles } from '../figures/styles.ts';
import { emit } from '../state/events.ts';
import { type FieldValue, readField } from '../state/experiment.ts';

@customElement('form-field')
export class FormFieldElement extends LitElement {
  static override readonly styles = [
    baseStyles,
    controlStyles,
    css`
      .line {
        position: relative;
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(96px, 42%);
        gap: 2px 10px;
        align-items: center;
      }
      label {
        font-size: 13px;
        overflow-wrap: anywhere;
      }
      .changed label::before {
        content: '●';
        color: var(--predicted);
        font-size: 9px;
        vertical-align: 2px;
        margin-right: 5px;
      }
      input:not([type='checkbox']) {
        text-align: right;
      }
      .box {
        text-align: right;
      }
      p {
        grid-column: 1 / -1;
        font-size: 12px;
      }
      /* What a setting means, while it has the keyboard or a finger; it lies over what follows and moves nothing. */
      .line:focus-within #help {
        top: calc(100% + 2px);
        left: 0;
        right: 0;
        z-index: 2;
        width: auto;
        height: auto;
        clip-path: none;
        white-space: normal;
        padding: 6px 9px;
        border: 1px solid var(--edge);
        border-radius: 7px;
        background: var(--panel);
        font-size: 12px;
        pointer-events: none;
      }
    `,
  ];

  @property({ attribute: false }) field: FormField | undefined;
  @property({ attribute: false }) value: FieldValue = '';
  /** What an automatic value comes to; undefined where that is not known. */
  @property({ attribute: false }) resolved: FieldValue | undefined;
  /** What the preset says. */
  @property({ attribute: false }) presetValue: FieldValue | undefined;
  /** Whether a teacher's link keeps it as it is. */
  @property({ type: Boolean }) isLocked = false;
  /** What is wrong, from the schema. */
  @property() problem = '';
  /** What is wrong with the text before it is a value. */
  @state() private unread = '';

  /** Puts the keyboard into the control. */
  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>('input, select')?.focus();
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('value')) this.unread = '';
  }

  protected override updated(): void {
    const select = this.renderRoot.querySelector('select');
    if (select !== null) select.value = String(this.value);
  }

  protected override render() {
    const { field } = this;
    if (field === undefined) return nothing;
    const problem = this.unread || this.problem;
    const isChanged = this.presetValue !== undefined && this.presetValue !== this.value;
    const mark = isChanged ? `Preset: ${formatSetting(this.presetValue)}` : '';
    return html`<div class="line ${isChanged ? 'changed' : ''}">
      <label for="control" title=${field.help}>
        ${field.label}${field.unit ? html` <span class="muted small">${field.unit}</span>` : nothing}
        ${isChanged ? html`<span class="muted small">(${mark})</span>` : nothing}
      </label>
      ${this.#control(field, problem)}
      <span id="help" class="sr">${field.help}</span>
      ${problem === '' ? nothing : html`<p id="problem" class="bad">${problem}</p>`}
    </div>`;
  }

  #control(field: FormField, problem: string) {
    const described = problem === '' ? 'help' : 'problem help';
    const invalid = problem === '' ? 'false' : 'true';
    if (field.kind === 'boolean') {
      return html`<span class="box"
        ><input
          id="control"
          type="checkbox"
          ?disabled=${this.isLocked}
          aria-describedby=${described}
          .checked=${this.value === true}
          @change=${(event: Event) => this.#send((event.target as HTMLInputElement).checked)}
      /></span>`;
    }
    if (field.kind === 'choice') {
      const { choices = [], brought = [] } = field;
      const offered = choices.filter((choice) => choice === this.value || !brought.includes(choice));
      return html`<select
        id="control"
        ?disabled=${this.isLocked}
        aria-describedby=${described}
        aria-invalid=${invalid}
        @change=${(event: Event) => this.#read(field, (event.target as HTMLSelectElement).value)}
      >
        ${offered.map((choice) => html`<option value=${choice}>${choice}</option>`)}
      </select>`;
    }
    const isSilent = this.value === 0 && field.automatic === true;
    return html`<input
      id="control"
      type="text"
      ?disabled=${this.isLocked}
      inputmode=${field.kind === 'pattern' ? 'text' : field.kind === 'integer' ? 'numeric' : 'decimal'}
      autocomplete="off"
      spellcheck="false"
      aria-describedby=${described}
      aria-invalid=${invalid}
      placeholder=${isSilent ? `auto${this.resolved ? `: ${formatSetting(this.resolved)}` : ''}` : nothing}
      .value=${isSilent ? '' : formatSetting(this.value)}
      @change=${(event: Event) => this.#read(field, (event.target as HTMLInputElement).value)}
    />`;
  }

  #read(field: FormField, text: string): void {
    const read = readField(field, text);
    this.unread = read.kind === 'problem' ? read.problem.message : '';
    if (read.kind === 'ok') this.#send(read.value);
  }

  #send(value: FieldValue): void {
    if (this.field !== undefined) emit(this, 'change-field', { path: this.field.path, value });
  }
}
