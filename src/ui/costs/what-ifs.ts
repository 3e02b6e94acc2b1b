// Press's what-ifs and his check on DeepSeek-V3, each with the one number that the reader may turn.

import { html, LitElement } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { significant } from '../../text/rounding.ts';
import { spread } from '../../text/ticks.ts';
import { deepSeekModel } from '../../theory/deepseek.ts';
import { halvingYears, whatIfDefaults } from '../../theory/what-if.ts';
import { stackStyles } from '../figures/style-sets.ts';
import { baseStyles } from '../figures/styles.ts';
import { initialInputs } from './inputs.ts';
import { deepSeekTable, whatIfTable } from './tables.ts';
import './field.ts';
import '../figures/panel.ts';

const paper = 'W. H. Press, arXiv 2511.11572';
const years = Array.from({ length: 20 }, (_, year) => year + 1);
const contexts = spread('log', [1000, 128_000], 57).map((value) => significant(value, 2));

@customElement('costs-what-ifs')
export class CostsWhatIfs extends LitElement {
  static override readonly styles = [baseStyles, stackStyles];

  @property({ attribute: false }) inputs = initialInputs;
  @state() private years = whatIfDefaults.years;
  @state() private context: number = deepSeekModel.context;

  protected override render() {
    const { inputs } = this;
    return html`<figure-panel
        heading="What if"
        fileName="what-if"
        isTable
        .table=${whatIfTable(inputs, this.years)}
      >
        <costs-field
          label="Years ahead"
          unit="prices halve every ${halvingYears}"
          .value=${this.years}
          .stops=${years}
          .check=${checkYears}
          @change-value=${({ detail }: CustomEvent<number | undefined>) => {
            this.years = detail ?? whatIfDefaults.years;
          }}
        ></costs-field>
        <p slot="note">${paper}; capital only.</p>
      </figure-panel>
      <figure-panel
        heading="The check on DeepSeek-V3"
        fileName="deepseek"
        isTable
        .table=${deepSeekTable(inputs, this.context)}
      >
        <costs-field
          letter="n"
          label="Context of training"
          unit="tokens"
          .value=${this.context}
          .stops=${contexts}
          .check=${checkContext}
          @change-value=${({ detail }: CustomEvent<number | undefined>) => {
            this.context = detail ?? deepSeekModel.context;
          }}
        ></costs-field>
        <p slot="note">
          ${paper}, section 6, where n is 32 000; most of the training was at ${deepSeekModel.trainedContext}. Reported figures
          from arXiv 2412.19437. The formulas are those of a dense model of this width; its experts enter only through the
          671·10⁹ trained parameters, and its compressed cache not at all.
        </p>
      </figure-panel>`;
  }
}

function checkYears(value: number | undefined): string | undefined {
  if (value === undefined || (value >= 0 && value <= 50)) return undefined;
  return `Years ahead are out of range: ${value}. Give 0 to 50.`;
}

function checkContext(value: number | undefined): string | undefined {
  if (value === undefined || (value >= 1 && value <= 1e9)) return undefined;
  return `The context n is out of range: ${value}. Give 1 to 1e9.`;
}
