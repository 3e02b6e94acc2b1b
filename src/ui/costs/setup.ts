// The left side of the room of costs: where to begin, the model's sizes, how to count, and what is assumed.

import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { formatSetting } from '../../text/numbers.ts';
import { significant } from '../../text/rounding.ts';
import { type Assumptions, pressAssumptions, priceOfMultiplyAdd } from '../../theory/assumptions.ts';
import { pressCosts } from '../../theory/press.ts';
import { controlPanel } from '../figures/style-sets.ts';
import {
  assumptionProblem,
  type CostsInputs,
  type CostsStart,
  type Counting,
  countingNote,
  describeStart,
  findStart,
  initialInputs,
  pressStarts,
  publishedStarts,
  sizeFields,
  sizeProblem,
  sliderStops,
  startAt,
  withAssumption,
  withSize,
  workUnit,
} from './inputs.ts';
import './field.ts';

/** Sliders of all sizes, by key. */
const stopsOf = new Map(
  sizeFields.map(({ key, low, high, multiple }) => [key, sliderStops(low, high, multiple)]),
);

/** Stored sizes of a value that models use. Bytes. */
const valueSizes: readonly (readonly [bytes: number, name: string])[] = [
  [4, '4 bytes (float32)'],
  [2, '2 bytes (bfloat16, float16)'],
  [1, '1 byte (8 bits)'],
  [0.5, 'half a byte (4 bits)'],
];

interface AssumptionField {
  readonly key: keyof Assumptions;
  readonly label: string;
  readonly unit: string;
  /** True for what is counted in operations: the figure follows the way to count. */
  readonly perWork?: 'rate' | 'price';
}

const assumptionFields: readonly AssumptionField[] = [
  { key: 'multiplyAddsPerSecond', label: 'Rate of one GPU', unit: 'per second', perWork: 'rate' },
  { key: 'dollarsPerGpuYear', label: 'Price of a GPU-year', unit: '$' },
  { key: 'dollarsPerMultiplyAdd', label: 'Price of one', unit: '$', perWork: 'price' },
  { key: 'tokensPerParameter', label: 'Tokens per parameter', unit: '' },
  { key: 'wattsPerGpu', label: 'Power of one GPU', unit: 'W' },
  { key: 'dollarsPerKilowattHour', label: 'Price of energy', unit: '$/kWh' },
];

@customElement('costs-setup')
export class CostsSetup extends LitElement {
  static override readonly styles = controlPanel(css`
    :host {
      container-type: inline-size;
    }
    .parts,
    .rest {
      display: grid;
      gap: var(--gap);
      grid-template-columns: minmax(0, 1fr);
      align-content: start;
    }
    @container (min-width: 620px) {
      .parts {
        grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      }
    }
    .chips {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 5px;
      margin-bottom: 8px;
    }
    .chips span {
      flex-basis: 100%;
    }
    .chips button {
      padding: 3px 9px;
      white-space: nowrap;
    }
    .chips button[aria-pressed='true'] {
      border-color: var(--accent);
      background: color-mix(in oklab, var(--accent) 12%, var(--panel));
      font-weight: 600;
    }
    .fields {
      display: grid;
      gap: 6px;
      margin-top: 10px;
    }
    .note {
      margin-top: 8px;
      font-size: 12px;
      color: var(--muted);
    }
    .choice {
      display: grid;
      gap: 2px;
      font-size: 13px;
    }
    fieldset {
      border: 0;
      margin: 0;
      padding: 0;
      display: flex;
      flex-wrap: wrap;
      gap: 4px 14px;
    }
    legend {
      padding: 0;
      font-size: 13px;
      margin-bottom: 4px;
    }
  `);

  @property({ attribute: false }) inputs: CostsInputs = initialInputs;
  /** The experiment of the Train room, where its costs are known. */
  @property({ attribute: false }) own: CostsStart | undefined;

  protected override updated(): void {
    // What is chosen follows the inputs, whatever was clicked before.
    const select = this.renderRoot.querySelector<HTMLSelectElement>('#published');
    const isPublished = publishedStarts.some(({ id }) => id === this.inputs.startId);
    if (select !== null) select.value = isPublished ? this.inputs.startId : '';
  }

  protected override render() {
    return html`<div class="parts">
      ${this.#model()}
      <div class="rest">${this.#counting()} ${this.#assumptions()}</div>
    </div>`;
  }

  #model() {
    const { inputs, own } = this;
    const start = own?.id === inputs.startId ? own : findStart(inputs.startId);
    const note = start === undefined ? '' : describeStart(start, pressCosts(inputs.model).parameters);
    return html`<section class="panel" aria-labelledby="model">
      <div class="head"><h2 id="model">Model</h2></div>
      <div class="chips" role="group" aria-label="Press’s cases">
        <span class="muted small">Press’s cases</span>
        ${pressStarts.map(
          (one) =>
            html`<button aria-label="Case ${one.name}" aria-pressed=${one.id === inputs.startId ? 'true' : 'false'} @click=${() => this.#start(one)}>
              ${one.name}
            </button>`,
        )}
      </div>
      <div class="chips">
        <button
          ?disabled=${own === undefined}
          aria-pressed=${own !== undefined && own.id === inputs.startId ? 'true' : 'false'}
          @click=${() => this.#start(own)}
        >
          Your experiment
        </button>
        <small class="muted">${own === undefined ? 'once its costs are known' : 'of the Train room'}</small>
      </div>
      <label class="choice">
        <span class="sr">Published model</span>
        <select
          id="published"
          @change=${(event: Event) => this.#start(findStart((event.target as HTMLSelectElement).value))}
        >
          <option value="">or a published model…</option>
          ${publishedStarts.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}
        </select>
      </label>
      <div class="fields">
        ${sizeFields.map(
          (field) =>
            html`<costs-field
              .letter=${field.letter}
              .label=${field.label}
              .unit=${field.unit}
              .value=${inputs.model[field.key]}
              .stops=${stopsOf.get(field.key) ?? []}
              .check=${(value: number | undefined) => sizeProblem(field, value ?? Number.NaN)}
              @change-value=${({ detail }: CustomEvent<number | undefined>) => {
                if (detail !== undefined) this.#send(withSize(inputs, field.key, detail));
              }}
            ></costs-field>`,
        )}
      </div>
      ${note === '' ? nothing : html`<p class="note">${note}</p>`}
    </section>`;
  }

  #counting() {
    const { inputs } = this;
    const option = (counting: Counting, label: string) =>
      html`<label class="check">
        <input
          type="radio"
          name="counting"
          .checked=${inputs.counting === counting}
          @change=${() => this.#send({ ...inputs, counting })}
        />
        <span>${label}</span>
      </label>`;
    return html`<section class="panel" aria-labelledby="counting">
      <div class="head"><h2 id="counting">How to count</h2></div>
      <fieldset>
        <legend>A multiply-add counts as</legend>
        ${option(1, 'one (mult-adds)')} ${option(2, 'two (flops)')}
      </fieldset>
      <div class="fields">
        <label class="choice">
          A stored value takes
          <select
            @change=${(event: Event) => {
              const [bytesPerValue = 2] = valueSizes[(event.target as HTMLSelectElement).selectedIndex] ?? [];
              this.#send({ ...inputs, bytesPerValue });
            }}
          >
            ${valueSizes.map(
              ([bytes, name]) => html`<option ?selected=${bytes === inputs.bytesPerValue}>${name}</option>`,
            )}
          </select>
        </label>
      </div>
      <p class="note">${countingNote(inputs.counting)} Bytes are in powers of 1000.</p>
    </section>`;
  }

  #assumptions() {
    const { inputs } = this;
    const isPress = Object.entries(pressAssumptions).every(
      ([key, value]) => inputs.assumptions[key as keyof Assumptions] === value,
    );
    return html`<section class="panel" aria-labelledby="assumptions">
      <div class="head">
        <h2 id="assumptions">Assumptions</h2>
        <button
          class="plain"
          ?disabled=${isPress}
          @click=${() => this.#send({ ...inputs, assumptions: pressAssumptions })}
        >
          Press’s
        </button>
      </div>
      <div class="fields">${assumptionFields.map((field) => this.#assumption(field))}</div>
      <p class="note">
        Press’s by default: 300 T multiply-adds a second, $10,000 a GPU-year, hence about $10⁻¹⁸ each (he rounds; empty
        the box for the exact quotient). He puts running costs at 50 to 100 % of capital and states neither watts nor the
        price of energy: those two are ours.
      </p>
    </section>`;
  }

  #assumption({ key, label, unit, perWork }: AssumptionField) {
    const { inputs } = this;
    const { assumptions, counting } = inputs;
    // A rate counts up with the way to count, the price of one of them down.
    const factor = perWork === 'rate' ? counting : perWork === 'price' ? 1 / counting : 1;
    const value = assumptions[key];
    const quotient = priceOfMultiplyAdd({ ...assumptions, dollarsPerMultiplyAdd: undefined }) / counting;
    const one = counting === 1 ? 'multiply-add' : 'flop';
    return html`<costs-field
      .label=${perWork === 'price' ? `${label} ${one}` : label}
      .unit=${perWork === 'rate' ? `${workUnit(counting)} ${unit}` : unit}
      .value=${value === undefined ? undefined : significant(value * factor, 12)}
      .placeholder=${key === 'dollarsPerMultiplyAdd' ? formatSetting(significant(quotient, 4)) : ''}
      .check=${(given: number | undefined) =>
        assumptionProblem(assumptions, key, given === undefined ? undefined : given / factor)}
      @change-value=${({ detail }: CustomEvent<number | undefined>) =>
        this.#send(withAssumption(inputs, key, detail === undefined ? undefined : detail / factor))}
    ></costs-field>`;
  }

  #start(start: CostsStart | undefined): void {
    if (start !== undefined) this.#send(startAt(this.inputs, start));
  }

  #send(inputs: CostsInputs): void {
    this.dispatchEvent(new CustomEvent<CostsInputs>('change-inputs', { detail: inputs }));
  }
}
