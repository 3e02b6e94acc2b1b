// One number of the room of costs: a text box, a slider beside it where there is one, and why a number is refused.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatSetting } from '../../text/numbers.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { nearestStop, readAmount } from './inputs.ts';

/**
 * Sends `change-value` with the number; what `check` refuses or what is no number stays in the box with the reason and
 * is not sent. An emptied box sends undefined where `placeholder` says what that means.
 */
@customElement('costs-field')
export class CostsField extends LitElement {
  static override readonly styles = controlGroup(css`
    .line {
      display: grid;
      grid-template-columns: minmax(0, 1fr) 112px;
      gap: 1px 10px;
      align-items: center;
    }
    label {
      font-size: 13px;
    }
    b {
      font-weight: 600;
      font-style: italic;
      font-family: Georgia, "Times New Roman", serif;
      font-size: 14px;
    }
    input[type='text'] {
      text-align: right;
    }
    input[type='range'] {
      grid-column: 1 / -1;
      width: 100%;
      height: 18px;
    }
    p {
      grid-column: 1 / -1;
      font-size: 12px;
    }
  `);

  @property() label = '';
  /** The formula's letter, shown before the label. */
  @property() letter = '';
  @property() unit = '';
  @property({ attribute: false }) value: number | undefined;
  @property() placeholder = '';
  /** The slider's values, ascending; none without a slider. */
  @property({ attribute: false }) stops: readonly number[] = [];
  /** The reason why a number is impossible; undefined when it is possible. */
  @property({ attribute: false }) check: (value: number | undefined) => string | undefined = () => undefined;
  @state() private problem = '';

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('value')) this.problem = '';
  }

  protected override render() {
    const { value, problem, stops, letter, unit } = this;
    return html`<div class="line">
      <label for="box">
        ${letter === '' ? nothing : html`<b>${letter}</b>`} ${this.label}
        ${unit === '' ? nothing : html`<span class="muted small">${unit}</span>`}
      </label>
      <input
        id="box"
        type="text"
        inputmode="decimal"
        autocomplete="off"
        spellcheck="false"
        aria-invalid=${problem === '' ? 'false' : 'true'}
        aria-describedby=${problem === '' ? nothing : 'problem'}
        placeholder=${this.placeholder}
        .value=${value === undefined ? '' : formatSetting(value)}
        @change=${this.#read}
      />
      ${
        stops.length === 0 || value === undefined
          ? nothing
          : html`<input
              type="range"
              aria-label="${this.label}, slider"
              aria-valuetext="${formatSetting(value)} ${unit}"
              min="0"
              max=${stops.length - 1}
              step="1"
              .value=${String(nearestStop(stops, value))}
              @input=${(event: Event) => this.#send(stops[(event.target as HTMLInputElement).valueAsNumber])}
            />`
      }
      ${problem === '' ? nothing : html`<p id="problem" class="bad" role="alert">${problem}</p>`}
    </div>`;
  }

  #read(event: Event): void {
    const text = (event.target as HTMLInputElement).value.trim();
    const value = text === '' && this.placeholder !== '' ? undefined : readAmount(text);
    if (value === undefined && (text !== '' || this.placeholder === '')) {
      this.problem = `${this.label}: “${text.slice(0, 24)}” is no number. Use one such as 4096, 32K or 2.21e19.`;
      return;
    }
    this.problem = this.check(value) ?? '';
    if (this.problem === '') this.#send(value);
  }

  #send(value: number | undefined): void {
    this.problem = '';
    this.dispatchEvent(new CustomEvent<number | undefined>('change-value', { detail: value }));
  }
}
