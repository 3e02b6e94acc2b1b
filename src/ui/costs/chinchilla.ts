// Chinchilla in the room of costs: a budget, its curve of equal work with the best points, and the loss of any N and D.

import { css, html, LitElement } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatLoss } from '../../text/numbers.ts';
import { significant } from '../../text/rounding.ts';
import { spread } from '../../text/ticks.ts';
import { chinchillaLoss } from '../../theory/chinchilla.ts';
import { pressCosts } from '../../theory/press.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { budgetEnds, computeFigure, fitText } from './compute.ts';
import { type CostsInputs, initialInputs, workUnit } from './inputs.ts';
import './field.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

/** Two digits are enough for a budget on a slider: forty steps a decade. */
const budgets = spread('log', budgetEnds, 401).map((value) => significant(value, 3));

@customElement('costs-chinchilla')
export class CostsChinchilla extends LitElement {
  static override readonly styles = controlGroup(css`
    .fields {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr));
      gap: 8px 24px;
      align-items: start;
      margin-bottom: 10px;
    }
    .point {
      display: grid;
      gap: 6px;
    }
  `);

  @property({ attribute: false }) inputs: CostsInputs = initialInputs;
  /** C in flops, a multiply-add as two. nanoGPT's notebook works out this one. */
  @state() private flops = 2.21e19;
  @state() private parameters = 124e6;
  @state() private tokens = 300e9;

  protected override render() {
    const { inputs, flops } = this;
    const { counting, assumptions, model } = inputs;
    const figure = computeFigure(flops, assumptions.tokensPerParameter, counting);
    const own = pressCosts(model, assumptions.tokensPerParameter).trainingMultiplyAdds * 2;
    const count = (given: number | undefined): number | undefined =>
      given === undefined ? undefined : significant((given * counting) / 2, 12);
    return html`<figure-panel heading="Compute-optimal N and D" term="compute-optimal" fileName="chinchilla" .table=${figure.table} isTableShown>
      <div class="fields">
        <div>
          <costs-field
            letter="C"
            label="Budget"
            unit=${workUnit(counting)}
            .value=${count(flops)}
            .stops=${budgets.map((budget) => (budget * counting) / 2)}
            .check=${(value: number | undefined) => budgetProblem(((value ?? Number.NaN) * 2) / counting)}
            @change-value=${({ detail }: CustomEvent<number | undefined>) => {
              if (detail !== undefined) this.flops = (detail * 2) / counting;
            }}
          ></costs-field>
          <button
            ?disabled=${budgetProblem(own) !== undefined}
            @click=${() => {
              this.flops = own;
            }}
          >
            Take this model’s training (eq. 6)
          </button>
        </div>
        <div class="point">
          ${this.#count('N', 'Parameters', this.parameters, (value) => {
            this.parameters = value;
          })}
          ${this.#count('D', 'Tokens', this.tokens, (value) => {
            this.tokens = value;
          })}
          <p id="loss">
            Loss by the law: <strong>${formatLoss(chinchillaLoss(this.parameters, this.tokens))}</strong>
            <span class="muted">nats per token</span>
          </p>
        </div>
      </div>
      <svg-plot
        .x=${figure.x}
        .y=${figure.y}
        .series=${figure.series}
        .plotHeight=${340}
        description=${figure.description}
      ></svg-plot>
      <p slot="note">
        ${fitText()} (Hoffmann et al. 2022, approach 3), on C = 6·N·D flops with a multiply-add as
        two${counting === 1 ? '; the budget above is in multiply-adds, half of it' : ''}. The grid of nanoGPT’s notebook and
        the closed form of the same fit differ by the grid’s step; both are listed. The fit was made on 6×10¹⁸ to 3×10²¹
        flops: beyond, it is extrapolation.
      </p>
    </figure-panel>`;
  }

  #count(letter: string, label: string, value: number, change: (value: number) => void) {
    return html`<costs-field
      letter=${letter}
      label=${label}
      .value=${value}
      .check=${(given: number | undefined) =>
        given !== undefined && given >= 1
          ? undefined
          : `${label} ${letter} is impossible: ${given}. Give 1 or more.`}
      @change-value=${({ detail }: CustomEvent<number | undefined>) => {
        if (detail !== undefined) change(detail);
      }}
    ></costs-field>`;
  }
}

/** A tenth and ten times of the budget are drawn too, and must stay within what the theory takes. */
function budgetProblem(flops: number): string | undefined {
  if (flops >= 1e9 && flops <= 1e35) return undefined;
  return `Budget C is out of range: ${flops} flops. Give 1e9 to 1e35.`;
}
