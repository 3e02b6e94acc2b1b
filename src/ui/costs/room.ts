// The room of costs: what theory says a model costs, term by term, in flops, memory, time and money.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Prediction } from '../../contract/runs.ts';
import { formatDollars, formatPower, formatSi } from '../../text/numbers.ts';
import { pressEconomics } from '../../theory/economics.ts';
import { pressCosts } from '../../theory/press.ts';
import { printedNote } from '../../theory/press-printed.ts';
import { readoutPanel, stackStyles } from '../figures/style-sets.ts';
import { initialState, type PageState } from '../state/state.ts';
import {
  type CostsInputs,
  type CostsStart,
  countingNote,
  experimentStart,
  findStart,
  formatStored,
  initialInputs,
  pressLetters,
  startAt,
  workUnit,
} from './inputs.ts';
import { countsSpread, countsTable, modelsTable, tokenCounts } from './models.ts';
import { casesTable, printedTable, runningTable, termBars, termsTable } from './tables.ts';
import '../figures/copy-link.ts';
import './cache.ts';
import './chinchilla.ts';
import './device.ts';
import './experts.ts';
import './growth.ts';
import './setup.ts';
import './what-ifs.ts';
import '../figures/panel.ts';
import '../figures/svg-bars.ts';
import { AddressController } from '../state/address-controller.ts';

const paper = 'W. H. Press, arXiv 2511.11572';

@customElement('room-costs')
export class RoomCosts extends LitElement {
  static override readonly styles = readoutPanel(
    stackStyles,
    css`
      .figures {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(122px, 1fr));
        gap: 12px;
      }
      .pair {
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
      }
      h2.part {
        margin-top: 10px;
        font-size: 17px;
        letter-spacing: 0;
        text-transform: none;
        color: var(--ink);
      }
      @media (min-width: 980px) {
        :host {
          grid-template-columns: 320px minmax(0, 1fr);
        }
        costs-setup {
          position: sticky;
          top: 8px;
          max-height: calc(100vh - 16px);
          overflow-y: auto;
          scrollbar-width: thin;
        }
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @state() private inputs: CostsInputs = initialInputs;

  constructor() {
    super();
    new AddressController(this, () => this.#takeAddress());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#takeAddress();
  }

  /** The address may name a case of Press's or a published model. */
  #takeAddress(): void {
    const [, id = ''] = /^#costs\/([\w.+-]+)$/.exec(location.hash) ?? [];
    const start = findStart(id);
    if (start !== undefined && start.id !== this.inputs.startId) this.inputs = startAt(this.inputs, start);
  }

  /** What is shown stands in the address, without a step in the history for each choice. */
  #showAddress(): void {
    const { startId } = this.inputs;
    const place = findStart(startId) === undefined ? 'costs' : `costs/${startId}`;
    history.replaceState(undefined, '', `${location.pathname}${location.search}#${place}`);
  }

  /** The Train room's experiment. */
  get #own(): CostsStart | undefined {
    return experimentStart(this.page.resolved, predictionOf(this.page));
  }

  protected override willUpdate(): void {
    const own = this.#own;
    // What is shown as the experiment follows it.
    if (own?.id === this.inputs.startId && !isSameModel(own, this.inputs))
      this.inputs = startAt(this.inputs, own);
  }

  protected override render() {
    const { inputs, page } = this;
    return html`<costs-setup
        .inputs=${inputs}
        .own=${this.#own}
        @change-inputs=${({ detail }: CustomEvent<CostsInputs>) => {
          this.inputs = detail;
          this.#showAddress();
        }}
      ></costs-setup>
      <div class="stack">
        ${this.#summary()} ${this.#terms()}
        <h2 class="part">How costs grow</h2>
        <costs-growth .inputs=${inputs}></costs-growth>
        <h2 class="part">Training, decoding, money</h2>
        ${this.#running(page)}
        <h2 class="part">Caches of keys and values</h2>
        <costs-cache .inputs=${inputs}></costs-cache>
        <h2 class="part">Scaling</h2>
        <costs-chinchilla .inputs=${inputs}></costs-chinchilla>
        ${this.#conventions()}
        <costs-experts .inputs=${inputs}></costs-experts>
        <h2 class="part">Published models</h2>
        ${this.#published()}
      </div>`;
  }

  #summary() {
    const { model, assumptions, counting, bytesPerValue } = this.inputs;
    const costs = pressCosts(model, assumptions.tokensPerParameter);
    const { gpuYears, dollars } = pressEconomics(costs.trainingMultiplyAdds, assumptions);
    return html`<section class="panel" aria-labelledby="summary">
      <div class="head">
        <h2 id="summary">This model</h2>
        ${findStart(this.inputs.startId) === undefined ? nothing : html`<copy-link place="costs/${this.inputs.startId}"></copy-link>`}
      </div>
      <div class="figures" role="status">
        ${figure(formatSi(costs.parameters), `parameters, ${formatStored(costs.parameters, bytesPerValue)} stored`)}
        ${figure(formatPower(costs.forwardMultiplyAdds * counting), `${workUnit(counting)}, forward over a full context`)}
        ${figure(formatPower(costs.incrementalMultiplyAdds * counting), `${workUnit(counting)} a decoded token`)}
        ${figure(formatStored(costs.cache, bytesPerValue), 'key and value cache, full context')}
        ${figure(formatPower(costs.trainingMultiplyAdds * counting), `${workUnit(counting)} of training (eq. 6)`)}
        ${figure(formatPower(gpuYears), 'GPU-years of training')} ${figure(formatDollars(dollars), 'capital for training')}
      </div>
    </section>`;
  }

  #terms() {
    const { inputs } = this;
    const bars = termBars(inputs);
    return html`<figure-panel
      heading="Press’s Table 1, term by term"
      fileName="press-table-1"
      .table=${termsTable(inputs)}
      isTableShown
    >
      <svg-bars
        isShare
        .bars=${bars}
        description="Shares of the terms of Table 1 in work, activations and parameters; the table has the figures."
      ></svg-bars>
      <p slot="note">
        Forward pass over a full context of ${inputs.model.context} tokens (${paper}). ${countingNote(inputs.counting)}
        Activations are one layer’s inference working set and the logits, which all layers share: not what training keeps.
        ${pressLetters}
      </p>
    </figure-panel>`;
  }

  #running(page: PageState) {
    const { inputs } = this;
    return html`<figure-panel heading="Press’s Table 3, live" fileName="press-table-3" isTable .table=${casesTable(inputs)}>
        <p slot="note">
          ${paper}, under the assumptions at the side. ${countingNote(inputs.counting)} D is a range: its upper end is at a
          context of 200 000, which alone reproduces what the paper prints. Dollars are capital only.
        </p>
      </figure-panel>
      <figure-panel
        heading="What Table 3 prints otherwise"
        fileName="press-table-3-printed"
        isTable
        .table=${printedTable(inputs)}
      >
        <p slot="note">The formulas here are under the paper’s own assumptions. ${printedNote} ${countingNote(inputs.counting)}</p>
      </figure-panel>
      <div class="pair">
        <figure-panel heading="Training and decoding" fileName="training" isTable .table=${runningTable(inputs)}>
          <p slot="note">Forward and backward are three times forward. ${countingNote(inputs.counting)}</p>
        </figure-panel>
        <div class="stack">
          <costs-what-ifs .inputs=${inputs}></costs-what-ifs>
          <costs-device .inputs=${inputs} .page=${page} .own=${this.#own}></costs-device>
        </div>
      </div>`;
  }

  #conventions() {
    const planned = this.inputs.startId === this.#own?.id ? predictionOf(this.page) : undefined;
    const counts = planned
      ? ({
          kind: 'counts',
          of: 'your experiment; “plan” is what runs',
          counts: planned.flopsPerToken,
        } as const)
      : tokenCounts(this.inputs);
    if (counts.kind === 'none') {
      return html`<section class="panel">
        <div class="head"><h2>Flops per token, by convention</h2></div>
        <p class="muted">${counts.reason}</p>
      </section>`;
    }
    return html`<figure-panel
      heading="Flops per token, by convention"
      term="flop"
      fileName="conventions"
      isTable
      .table=${countsTable(counts.counts)}
    >
      <p slot="note">
        Of ${counts.of}. A multiply-add counts as two here, whatever is chosen at the side. The conventions of training
        differ by a factor of ${countsSpread(counts.counts)}: a utilization says nothing without its convention and N.
      </p>
    </figure-panel>`;
  }

  #published() {
    return html`<figure-panel heading="Published models" term="key-value-cache" fileName="published-models" isTable .table=${modelsTable}>
      <p slot="note">
        Parameters are the closed form of the language model, exact; released numbers are those in the files, with what the
        release holds besides. Pick a model at the side to compute with its sizes.
      </p>
    </figure-panel>`;
  }
}

function predictionOf({ prediction }: PageState): Prediction | undefined {
  return prediction.kind === 'done' ? prediction.value : undefined;
}

function isSameModel(start: CostsStart, { model }: CostsInputs): boolean {
  return JSON.stringify(start.model) === JSON.stringify(model);
}

function figure(value: string, name: string) {
  return html`<div>
    <div class="figure">${value}</div>
    <div class="name">${name}</div>
  </div>`;
}
