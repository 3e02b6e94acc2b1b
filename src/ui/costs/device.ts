// "What would this cost on my GPU": the model's training at the measured peak of this device and the run's utilization.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import {
  formatCount,
  formatDollars,
  formatDuration,
  formatPercent,
  formatPower,
  formatSi,
} from '../../text/numbers.ts';
import { pressCosts } from '../../theory/press.ts';
import { trainingMemoryRule } from '../../theory/training-memory.ts';
import { workPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';
import { initialState, isMeasurable, isRunActive, type PageState } from '../state/state.ts';
import { type CostsStart, formatStored, initialInputs, workUnit } from './inputs.ts';
import { memoryVerdict, neededMemory, plannedMemory, reportedMemory } from './memory.ts';
import { type OwnCosts, ownCosts } from './own.ts';
import './field.ts';

/** Taken while no run was measured: what well-tuned training keeps of a peak (Chowdhery et al. 2022 report 46 %). */
const assumedUtilization = 0.4;
/** Power of a desktop's graphics card at work, where the reader says nothing else. Watts. */
const assumedWatts = 200;

@customElement('costs-device')
export class CostsDevice extends LitElement {
  static override readonly styles = workPanel(css`
    .figures {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(130px, 1fr));
      gap: 12px;
      margin: 4px 0 12px;
    }
    .fields {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr));
      gap: 6px 24px;
      align-items: start;
    }
    h3 {
      margin: 16px 0 6px;
      font-size: 14px;
    }
    .note {
      margin-top: 8px;
      font-size: 12px;
      color: var(--muted);
    }
  `);

  @property({ attribute: false }) inputs = initialInputs;
  @property({ attribute: false }) page: PageState = initialState;
  /** The experiment of the Train room, where its costs are known. */
  @property({ attribute: false }) own: CostsStart | undefined;
  /** What the reader typed; undefined follows what is measured or derived. */
  @state() private peak: number | undefined;
  @state() private utilization: number | undefined;
  @state() private tokens: number | undefined;
  @state() private watts = assumedWatts;
  /** Bytes, as the reader knows them. */
  @state() private memory: number | undefined;
  @state() private batchTokens: number | undefined;

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">What would this cost on my GPU?</h2></div>
      ${this.#body()}
    </section>`;
  }

  get #measuredPeak(): number | undefined {
    const { calibration } = this.page;
    return calibration.kind === 'done' ? calibration.value.fmaFlopsPerSecond.value : undefined;
  }

  #body() {
    const { inputs, page, watts } = this;
    const optimal = pressCosts(inputs.model, inputs.assumptions.tokensPerParameter).optimalTokens;
    const measuredShare = page.run.timing?.modelFlopsUtilization;
    const peak = this.peak ?? this.#measuredPeak;
    const utilization = this.utilization ?? measuredShare ?? assumedUtilization;
    const costs =
      peak === undefined
        ? undefined
        : ownCosts(
            inputs,
            {
              peakFlopsPerSecond: peak,
              utilization,
              watts,
              dollarsPerKilowattHour: inputs.assumptions.dollarsPerKilowattHour,
            },
            this.tokens ?? optimal,
          );
    return html`${costs === undefined ? this.#invitation() : this.#figures(costs)}
      <div class="fields">
        ${this.#field(
          'Peak of this device',
          'FLOP/s, mult-add as two',
          this.peak,
          formatSi(this.#measuredPeak),
          (value) => {
            this.peak = value;
          },
        )}
        ${this.#field(
          'Share of it in training',
          measuredShare === undefined ? 'assumed' : 'measured in this run',
          this.utilization,
          formatPercent(measuredShare ?? assumedUtilization),
          (value) => {
            this.utilization = value;
          },
          (value) => (value > 1 ? `A share is at most 1 (100 %): ${value}.` : undefined),
        )}
        ${this.#field('Tokens', 'D* unless given', this.tokens, formatPower(optimal), (value) => {
          this.tokens = value;
        })}
        ${this.#field('Power at work', 'W', watts, String(assumedWatts), (value) => {
          this.watts = value ?? assumedWatts;
        })}
      </div>
      <p class="note">
        Work is equation 5 per token, vocabulary included, times the tokens. ${this.#source(peak)} Energy costs
        ${formatDollars(inputs.assumptions.dollarsPerKilowattHour)} a kWh, as assumed at the side; the machine itself is taken
        as yours.
      </p>
      ${this.#memory()}`;
  }

  #memory() {
    const { inputs, page, own, memory, batchTokens } = this;
    const device = page.device.kind === 'done' ? page.device.value : undefined;
    const prediction = page.prediction.kind === 'done' ? page.prediction.value : undefined;
    const planned = batchTokens === undefined ? plannedMemory(inputs, own, prediction) : undefined;
    const needed = neededMemory(inputs, batchTokens ?? inputs.model.context, planned);
    const { fits, text } = memoryVerdict(needed, reportedMemory(device), memory);
    return html`<h3>Does it fit?</h3>
      <p role="status" class=${fits === 'no' ? 'bad' : ''} data-fits=${fits}>${text}</p>
      <div class="figures">
        ${figure(formatStored(needed.weights, 1), 'weights')} ${figure(formatStored(needed.gradients, 1), 'gradients')}
        ${figure(formatStored(needed.moments, 1), 'moments')} ${figure(formatStored(needed.activations, 1), 'activations')}
      </div>
      <div class="fields">
        ${this.#field('Memory of the device', 'bytes', memory, 'not reported', (value) => {
          this.memory = value;
        })}
        ${this.#field(
          'Tokens at a time',
          'batch × context',
          batchTokens,
          planned ? 'as planned' : formatCount(inputs.model.context),
          (value) => {
            this.batchTokens = value;
          },
        )}
      </div>
      <p class="note" id="rule">
        ${planned ? 'Summed from the experiment’s plans, with its batch, optimizer and recomputation.' : `The rule: ${trainingMemoryRule}.`}
        Bytes are in powers of 1000.
      </p>`;
  }

  #figures({ seconds, kilowattHours, dollars, multiplyAdds, gpusReplaced }: OwnCosts) {
    const { counting } = this.inputs;
    return html`<div class="figures" role="status">
      ${figure(seconds < 86_400 ? formatDuration(seconds) : `${formatPower(seconds / 86_400)} days`, 'time')}
      ${seconds > 2 * 31_557_600 ? figure(`${formatPower(seconds / 31_557_600)} years`, 'which is') : nothing}
      ${figure(`${formatPower(kilowattHours)} kWh`, 'energy')} ${figure(formatDollars(dollars), 'for energy')}
      ${figure(formatPower(multiplyAdds * counting), `${workUnit(counting)} in all`)}
      ${figure(`${formatPower(gpusReplaced)}×`, 'the assumed GPU')}
    </div>`;
  }

  #invitation() {
    const { page } = this;
    const canMeasure = isMeasurable(page);
    const isBusy = page.calibration.kind === 'running' || isRunActive(page.run.state) || page.busy !== '';
    if (page.calibration.kind === 'running') {
      return html`<p class="row" role="status">
        Calibrating: ${page.calibration.what} (${formatPercent(page.calibration.share)})
      </p>`;
    }
    return html`<p class="row">
      <span class="muted">
        ${canMeasure ? 'Measure this device, or give its peak below.' : 'There is no device here to measure: give a peak below.'}
      </span>
      ${canMeasure ? html`<button ?disabled=${isBusy} @click=${() => emit(this, 'calibrate', undefined)}>Calibrate</button>` : nothing}
    </p>`;
  }

  #source(peak: number | undefined): string {
    if (peak === undefined) return '';
    if (this.peak !== undefined) return 'The peak is the one given.';
    const { device } = this.page;
    const isSoftware = device.kind === 'done' && device.value.isSoftware;
    return `The peak is the FMA rate that calibration measured${isSoftware ? ' on a software renderer, which says nothing about a GPU' : ''}; matrix units are not in it.`;
  }

  #field(
    label: string,
    unit: string,
    value: number | undefined,
    placeholder: string,
    change: (value: number | undefined) => void,
    check: (value: number) => string | undefined = () => undefined,
  ) {
    return html`<costs-field
      label=${label}
      unit=${unit}
      .value=${value}
      placeholder=${placeholder}
      .check=${(given: number | undefined) => {
        if (given === undefined) return undefined;
        return given > 0 ? check(given) : `${label} is impossible: ${given}. Give more than 0.`;
      }}
      @change-value=${({ detail }: CustomEvent<number | undefined>) => change(detail)}
    ></costs-field>`;
  }
}

function figure(value: string, name: string) {
  return html`<div>
    <div class="figure">${value}</div>
    <div class="name">${name}</div>
  </div>`;
}
